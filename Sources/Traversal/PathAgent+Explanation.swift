internal import Wire

extension PathAgent {
    /// Why traffic takes this path: one sentence for people, a stable name for programs.
    package var explanation: PathExplanation {
        if let health = selector.currentHealth { return health.isFailing ? .pathLost : .direct }
        guard configuration.isProbing else { return .switchedOff }
        if local.behavior.isHeldByPortal { return .captivePortal(isLocal: true) }
        if remoteBehavior?.isHeldByPortal == true { return .captivePortal(isLocal: false) }
        if local.behavior.reachability == .blocked { return .localUDPBlocked }
        if remoteBehavior?.reachability == .blocked { return .remoteUDPBlocked }
        guard let search else { return hasBeenIdle ? .idle : .notTried }
        if remote.isEmpty { return .noRemoteCandidates }
        if checks.isEmpty { return .noCommonFamily }
        if let run = birthday.run { return .guessing(run.odds) }
        let probes = counters.pingsSent + counters.birthdayPingsSent - search.pings
        if discovery.failures == 0 { return .trying(probes: probes) }
        if relay.isSilent { return .peerSilent }
        return relayedReason(probes: probes)
    }

    /// Why a search that has failed could not have succeeded, as far as both sides' behaviour tells.
    private func relayedReason(probes: Int) -> PathExplanation {
        let (isLocalHard, isRemoteHard) = (local.behavior.isHard, remoteBehavior?.isHard ?? false)
        if isLocalHard, isRemoteHard { return .bothNATsHard(probes: probes, search: searchLeave) }
        if sharesNAT { return .noHairpin(probes: probes) }
        if isLocalHard || isRemoteHard { return .hardNATAgainstFilter(isLocalHard: isLocalHard, probes: probes) }
        return .noAnswer(probes: probes)
    }

    /// Whose user allows the long search for ports.
    var searchLeave: SearchLeave {
        switch (configuration.isExhaustive, remoteBehavior?.searchesPorts ?? false) {
        case (false, false): .nobody
        case (true, false): .here
        case (false, true): .there
        case (true, true): .both
        }
    }

    /// Whether both sides are seen at the same public IPv4 address.
    var sharesNAT: Bool {
        let ours = Set(local.candidates.lazy.filter { $0.kind == .serverReflexive }.map(\.endpoint.address))
        return remote.all.contains {
            $0.kind == .serverReflexive && $0.endpoint.address.isIPv4 && ours.contains($0.endpoint.address)
        }
    }
}

internal import Disco
package import Wire

extension PathAgent {
    // MARK: Rounds

    /// Begins to probe all pairs, and tells the peer to do the same.
    ///
    /// - Parameter isInvited: the peer asked for it, so it has started already.
    mutating func startRound(isInvited: Bool = false, at now: Instant) {
        guard configuration.isProbing else { return }
        roundStartedAt = now
        updateChecks()
        checks.start(skipping: selector.trusted(at: now), at: now)
        let failures = discovery.failures
        let isPeerAtWork = isInvited || invitation.isRecent(at: now) || !relay.isReachable
        var peerStartsAt = isPeerAtWork ? now : nil
        if peerStartsAt == nil, discovery.isAfterQuiet(hadPath: hasLostPath), let latency = relay.latency {
            // The peer begins when our call-me-maybe reaches it: half of the relay's round trip from here.
            let lead = Discovery.lead(of: localNode, turn: simultaneousStarts)
            let start = max(now, now + latency / 2 - lead)
            simultaneousStarts += 1
            checks.hold(until: start) { $0.wantsOpener(remote: remoteBehavior) }
            peerStartsAt = start
        }
        discovery = .running(Discovery.Round(startedAt: now, failures: failures, peerStartsAt: peerStartsAt))
        if relay.isReachable { invitation.want(at: now) }
        if search == nil, selector.current == nil { search = (now, counters.pingsSent + counters.birthdayPingsSent) }
    }

    /// There is a sign that the peer probes too: real pings may follow the openers.
    mutating func peerStarted(at now: Instant) {
        guard case .running(var round) = discovery else { return }
        if !round.hasPeerStarted(at: now) {
            round.peerStartsAt = now
            discovery = .running(round)
        }
        checks.peerStarted(at: now)
    }

    func hasTrustedPath(at now: Instant) -> Bool {
        selector.currentHealth?.isTrusted(at: now) ?? false
    }

    /// Candidates or sockets changed: probes what came new where a path is looked for.
    ///
    /// A new address or socket starts the search over. A new port of a known address does not: behind a NAT that maps by
    /// destination it changes with every look at STUN, and says nothing.
    mutating func candidatesChanged(at now: Instant) {
        let known = Set(checks.checks.lazy.map { Place(socket: $0.path.socket, address: $0.path.endpoint.address) })
        let added = updateChecks()
        guard configuration.isProbing, !added.isEmpty else { return }
        if discovery.round != nil {
            checks.start(only: added, at: now)
        } else if usage.isInUse(at: now), !hasTrustedPath(at: now),
            added.contains(where: { !known.contains(Place(socket: $0.socket, address: $0.endpoint.address)) })
        {
            discovery = .dormant
            startRound(at: now)
        }
    }

    /// A path without its port.
    private struct Place: Hashable {
        let socket: SocketID
        let address: IPAddress
    }

    @discardableResult
    mutating func updateChecks() -> [DirectPath] {
        let own = Set(local.candidates.lazy.filter { $0.kind == .host }.map(\.endpoint))
        return checks.update(sockets: local.sockets, candidates: remote.all, excluding: own)
    }

    // MARK: Time

    /// Sends the probes that are due and notices what did not come.
    ///
    /// - Parameter allowance: the node's, one for all its peers.
    package mutating func deadlineReached(
        at now: Instant, allowance: inout ProbeAllowance, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        budget.borrow(&allowance, at: now)
        defer { budget.giveBack(&allowance) }
        if let wanted = refreshWantedAt, wanted <= now {
            refreshWantedAt = nil
            effects.append(.refreshLocal)
        }
        closeIfIdle(at: now)
        advanceDiscovery(at: now)
        planPings(at: now)
        sendHealthPings(at: now, using: &random, effects: &effects)
        advanceBirthday(at: now, using: &random, effects: &effects)
        selector.choose(at: now)
        settle(at: now, effects: &effects)
        sendChecks(at: now, using: &random, effects: &effects)
        // Behind the probes that it announces: a real ping of the peer's that met no opening of ours could spoil our gateway.
        if sendInvitation(at: now, effects: &effects) {
            // Its pong tells that the peer got the call-me-maybe, and the relay's latency.
            sendRelayPing(at: now, using: &random, effects: &effects)
        }
        rearm(at: now)
    }

    private mutating func closeIfIdle(at now: Instant) {
        guard let idleAt, idleAt <= now else { return }
        if selector.current != nil { hasBeenIdle = true }
        hasLostPath = false
        selector.removeAll { _ in true }
        discovery = .dormant
        invitation.cancel()
        checks.stop()
        search = nil
        remote.expire(keeping: [], at: now)
    }

    /// When nobody has used the paths for so long that they are closed; nil when there is nothing to close.
    private var idleAt: Instant? {
        guard selector.current != nil || isWaiting, relay.isReachable else { return nil }
        let used = [usage.lastSent, heardDirectlyAt, roundStartedAt].compactMap { $0 }.max()
        return used.map { $0 + Usage.idleAfter }
    }

    private var isWaiting: Bool {
        switch discovery {
        case .waiting, .settled: true
        case .dormant, .running: false
        }
    }

    private mutating func advanceDiscovery(at now: Instant) {
        switch discovery {
        case .dormant: return
        case .running(let round):
            guard round.endsAt <= now else { return }
            checks.stop()
            if let health = selector.currentHealth, !health.isFailing {
                discovery = .settled(reviewAt: now + Discovery.reviewInterval)
            } else if usage.isInUse(at: now) {
                discovery.roundFailed(hadPath: hasLostPath, at: now)
            } else {
                discovery = .dormant
            }
            remote.expire(keeping: Set(selector.paths.map(\.path.endpoint)), at: now)
        case .waiting(let until, _):
            guard until <= now else { return }
            if usage.isInUse(at: now) { startRound(at: now) } else { discovery = .dormant }
        case .settled(let reviewAt):
            guard reviewAt <= now else { return }
            if usage.isInUse(at: now), let health = selector.currentHealth, health.latency > Discovery.goodEnough {
                startRound(at: now)
            } else {
                discovery = .settled(reviewAt: now + Discovery.reviewInterval)
            }
        }
    }

    // MARK: After every event

    /// How long a path may be silent so that no mapping on it expires.
    private var keepaliveInterval: Duration {
        KeepaliveSchedule.interval(local.behavior.mappingLifetime, remoteBehavior?.mappingLifetime)
    }

    /// Gives each path the ping interval of its role.
    mutating func planPings(at now: Instant) {
        let isKept = usage.isInUse(at: now) || (!relay.isReachable && usage.lastSent != nil)
        let (current, standby, keepalive) = (selector.current, selector.standby, keepaliveInterval)
        let isActive = usage.isActive(at: now)
        selector.updateAll { health in
            switch health.path {
            case current: health.interval = isActive ? PathHealth.activeInterval : isKept ? keepalive : nil
            case standby: health.interval = isKept ? min(keepalive, KeepaliveSchedule.standby) : nil
            default: health.interval = nil
            }
        }
    }

    /// Draws the conclusions of an event: looks for another path if the current one fails, reports, sets the timer.
    mutating func settle(at now: Instant, effects: inout [Effect]) {
        planPings(at: now)
        if selector.current == nil, case .settled = discovery { discovery = .dormant }
        if selector.currentHealth?.isFailing ?? reported.isDirect { pathFailed(at: now) }
        report(effects: &effects)
        settleBirthday(at: now, effects: &effects)
        rearm(at: now)
    }

    /// The current path is in doubt or gone: looks for another one, unless a round has just done so.
    private mutating func pathFailed(at now: Instant) {
        guard usage.isInUse(at: now), discovery.round == nil else { return }
        let earliest = roundStartedAt.map { $0 + Discovery.leastSpacing } ?? now
        if earliest > now {
            discovery = .waiting(until: earliest, failures: 0)
        } else {
            // A gateway that was restarted has other mappings: what STUN said before the break does not count.
            networkSince = now
            discovery = .dormant
            startRound(at: now)
        }
    }

    private mutating func report(effects: inout [Effect]) {
        let path = path
        switch (reported, path) {
        case (.relay, .relay): break
        case (.direct(let old, _, let wasInDoubt), .direct(let new, _, let isInDoubt))
        where old == new && wasInDoubt == isInDoubt:
            break
        case (.relay, .direct):
            counters.upgrades += 1
            effects.append(.pathChanged(path))
        case (.direct, .relay):
            if !hasBeenIdle {
                counters.fallbacks += 1
                hasLostPath = true
            }
            effects.append(.pathChanged(path))
        case (.direct, .direct): effects.append(.pathChanged(path))
        }
        if path.isDirect { (hasBeenIdle, hasLostPath) = (false, false) }
        reported = path
    }

    mutating func rearm(at now: Instant) {
        var earliest = discovery.nextDeadline
        let deadlines = [
            checks.nextDue, selector.nextPing, invitation.nextDeadline, idleAt, refreshWantedAt, birthday.nextDeadline,
            birthdaySockets.nextDeadline,
        ]
        for deadline in deadlines {
            guard let deadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        nextDeadline = earliest
    }
}

internal import Wire

extension PortMapper {
    /// Starts anew: with what was seen a short while ago, else with a search.
    mutating func begin(at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]) {
        guard let route, route.isMappable else {
            phase = .idle
            for method in MappingMethod.allCases { report[method] = route == nil ? .unknown : .absent }
            return
        }
        seenAt = seenAt.filter { now - $0.value < Self.trust }
        if seenAt.isEmpty {
            startProbe(at: now, effects: &effects)
        } else {
            ask(isFromMemory: true, at: now, using: &random, effects: &effects)
        }
    }

    /// Asks the gateway what it speaks.
    mutating func startProbe(at now: Instant, effects: inout [Effect]) {
        guard let route else { return }
        seenAt = [:]
        locations = []
        service = nil
        natPMPAddress = nil
        for method in MappingMethod.allCases { report[method] = route.methods.contains(method) ? .unknown : .absent }
        report.namesForeignHost = false
        verdictAt = now + Probe.verdictDelay
        lastAskedAt = now
        phase = .probing(Probe(route, at: now, effects: &effects))
    }

    /// Uses what has answered; with nothing, tries again later.
    mutating func endProbe(at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]) {
        if seenAt.isEmpty {
            report.failure = nil
            backOff(atLeast: .zero, at: now)
        } else {
            ask(isFromMemory: false, at: now, using: &random, effects: &effects)
        }
    }

    // MARK: Answers

    mutating func receive(
        _ response: PCPResponse, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        if case .removing(let removal) = phase {
            if removal.isAnswered(by: response) {
                phase = .closed
                effects.append(.closed)
            }
            return
        }
        // An answer that carries a nonce must carry ours before anything in it counts.
        if case .map(let map) = response.content {
            guard case .asking(.pcp(let attempt), _) = phase, attempt.nonce == map.nonce else { return }
        }
        if response.result == .unsupportedVersion, response.opcode == NATPMPResponse.externalAddressOpcode {
            // So a server answers that speaks PCP alone (RFC 6887 Appendix A).
            if report.natPMP == .unknown { report.natPMP = .absent }
        }
        let isLost = pcpEpoch.isLost(pcp: response.epoch, at: now)
        if case .asking(.pcp(let attempt), let row) = phase {
            seenAt[.pcp] = now
            report.pcp = .present
            let progress = attempt.receive(response, at: now)
            settle(progress, .pcp(attempt), row, at: now, using: &random, effects: &effects)
        } else {
            heard(.pcp, at: now, using: &random, effects: &effects)
        }
        if isLost { mappingsLost(at: now, using: &random, effects: &effects) }
    }

    mutating func receive(
        _ response: NATPMPResponse, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        if case .removing(let removal) = phase {
            if removal.isAnswered(by: response) {
                phase = .closed
                effects.append(.closed)
            }
            return
        }
        if response.result == .unsupportedVersion {
            // So a gateway answers PCP that speaks NAT-PMP alone; it has answered, or will answer, the real question too.
            if report.pcp == .unknown { report.pcp = .absent }
            if case .probing = phase, !seenAt.isEmpty, !mayHearBetter { endProbe(at: now, using: &random, effects: &effects) }
            if case .asking(.pcp(let attempt), let row) = phase {
                settle(.failed(.unsupported), .pcp(attempt), row, at: now, using: &random, effects: &effects)
            }
            return
        }
        let isLost = natPMPEpoch.isLost(natPMP: response.epoch, at: now)
        if case .externalAddress(let address) = response.content {
            natPMPAddress = address
            report.externalAddress = address
        }
        if case .asking(.natPMP(var attempt), let row) = phase {
            seenAt[.natPMP] = now
            report.natPMP = .present
            let progress = attempt.receive(response, at: now)
            settle(progress, .natPMP(attempt), row, at: now, using: &random, effects: &effects)
        } else {
            heard(.natPMP, at: now, using: &random, effects: &effects)
        }
        if isLost { mappingsLost(at: now, using: &random, effects: &effects) }
    }

    mutating func receive(
        _ answer: SSDPAnswer, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard let route, let target = HTTPTarget(url: answer.location, gateway: route.gateway) else { return }
        if HTTPTarget.isForeign(url: answer.location, gateway: route.gateway) { report.namesForeignHost = true }
        if let index = locations.firstIndex(where: { $0.target == target }) {
            locations[index].rank = min(locations[index].rank, answer.rank)
        } else {
            guard locations.count < Self.maximumLocationCount else { return }
            locations.append((target, answer.rank))
        }
        heard(.upnp, at: now, using: &random, effects: &effects)
    }

    /// Notes that a protocol is spoken, and uses it if nothing better is going on.
    private mutating func heard(
        _ method: MappingMethod, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        let isNews = report[method] != .present
        report[method] = .present
        seenAt[method] = now
        switch phase {
        case .probing(var probe):
            probe.heard(at: now)
            phase = .probing(probe)
            if !mayHearBetter { endProbe(at: now, using: &random, effects: &effects) }
        case .resting where lease == nil && isNews:
            ask(isFromMemory: false, at: now, using: &random, effects: &effects)
        case .idle, .asking, .resting, .removing, .closed: break
        }
    }

    /// Whether a protocol that would be asked before all that were heard may still answer.
    private var mayHearBetter: Bool {
        for method in route?.methods ?? [] {
            if seenAt[method] != nil { return false }
            if report[method] == .unknown { return true }
        }
        return false
    }

    /// The gateway has forgotten its mappings: ours is asked for again at once, but not more often than is polite.
    private mutating func mappingsLost(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        // The answer that told it may have been the grant that makes up for it.
        guard let lease, lease.grantedAt != now, case .resting(let until) = phase else { return }
        let due = lastAskedAt.map { $0 + Self.shortestInterval } ?? now
        if due <= now {
            renew(at: now, using: &random, effects: &effects)
        } else {
            phase = .resting(until: min(until, due))
        }
    }
}

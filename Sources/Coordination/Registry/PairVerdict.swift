/// Says how two nodes reach each other and why, from what both of them reported.
enum PairVerdict {
    /// The state that both sides agree on; one that disagrees or is silent leaves it to the other.
    static func state(_ first: PairSide, _ second: PairSide) -> PathState {
        let states = [first.path?.state, second.path?.state].compactMap(\.self)
        if !states.isEmpty, states.allSatisfy({ $0 == .direct }) { return .direct }
        return states.first { $0 == .relayed } ?? states.first { $0 != .direct } ?? .unknown
    }

    /// Why the pair is not direct, in one sentence; nil when it is, or when nobody says that it is not.
    static func why(_ first: PairSide, _ second: PairSide) -> String? {
        switch state(first, second) {
        case .direct, .idle, .unknown: return nil
        case .relayed: break
        }
        // What rules a direct path out comes first, then what makes it unlikely, then what the sides say themselves.
        if let cause = blocked(first, second) ?? separated(first, second) ?? locked(first, second) { return cause }
        if let cause = mapped(first, second) { return cause + effort(first, second) }
        if let reasons = reasons(first, second) { return reasons }
        if let silent = [first, second].first(where: { $0.path == nil }), silent.nat == nil {
            return "\(silent.name) has reported nothing yet" + effort(first, second)
        }
        let effort = effort(first, second)
        return effort.isEmpty ? nil : "both NATs should let it through" + effort + ": a firewall may drop UDP"
    }

    private static func blocked(_ first: PairSide, _ second: PairSide) -> String? {
        // It blocks UDP as a rule: it explains more than what it does.
        let captive = [first, second].filter { $0.nat?.hasCaptivePortal == true && $0.nat?.isUDPBlocked != false }
        if !captive.isEmpty { return captive.map { "a captive portal on \($0.name)'s side" }.joined(separator: ", ") }
        return switch (first.nat?.isUDPBlocked == true, second.nat?.isUDPBlocked == true) {
        case (true, true): "UDP is blocked on both sides"
        case (true, false): "UDP is blocked on \(first.name)'s side"
        case (false, true): "UDP is blocked on \(second.name)'s side"
        case (false, false): nil
        }
    }

    /// The sides have no address family in common.
    private static func separated(_ first: PairSide, _ second: PairSide) -> String? {
        for (one, other) in [(first, second), (second, first)] {
            guard let here = one.nat, let there = other.nat, here.hasIPv6 == true, there.hasIPv4 == true else { continue }
            if here.hasIPv4 == false, there.hasIPv6 == false { return "\(one.name) has IPv6 only, and \(other.name) IPv4 only" }
        }
        return nil
    }

    /// Both sit behind one NAT that does not turn packets around (RFC 4787 §6): a carrier's, as a rule.
    private static func locked(_ first: PairSide, _ second: PairSide) -> String? {
        guard let here = first.nat, let there = second.nat, let address = here.mappedAddress, address == there.mappedAddress,
            here.hairpinning == false || there.hairpinning == false
        else { return nil }
        return "both are behind the NAT \(address), which does not turn packets around (no hairpinning)"
    }

    private static func mapped(_ first: PairSide, _ second: PairSide) -> String? {
        switch (isHard(first), isHard(second)) {
        case (true, true): "both NATs map by destination"
        case (true, false): isStrict(second) ? Self.hard(first, behindStrict: second) : nil
        case (false, true): isStrict(first) ? Self.hard(second, behindStrict: first) : nil
        case (false, false): nil
        }
    }

    private static func hard(_ side: PairSide, behindStrict other: PairSide) -> String {
        "\(side.name)'s NAT maps by destination, and \(other.name)'s lets in known ports only"
    }

    /// What the sides themselves say; both when they say different things.
    private static func reasons(_ first: PairSide, _ second: PairSide) -> String? {
        switch (first.path?.reason, second.path?.reason) {
        case (nil, nil): nil
        case (let reason?, nil), (nil, let reason?): reason
        case (let one?, let other?): one == other ? one : "\(first.name): \(one); \(second.name): \(other)"
        }
    }

    /// The probes spent; empty for none.
    private static func effort(_ first: PairSide, _ second: PairSide) -> String {
        let probes = [first, second].reduce(0) { $0 + Int($1.path?.probesSent ?? 0) }
        return probes > 0 ? "; \(probes) probe\(probes == 1 ? "" : "s"), no answer" : ""
    }

    private static func isHard(_ side: PairSide) -> Bool {
        switch side.nat?.mapping {
        case .addressDependent, .addressAndPortDependent: true
        case .endpointIndependent, .unknown, nil: false
        }
    }

    /// Whether a side's NAT keeps out what comes from a port that was not written to; so do most, and those not measured count.
    private static func isStrict(_ side: PairSide) -> Bool {
        switch side.nat?.filtering {
        case .addressAndPortDependent, .unknown, nil: true
        case .endpointIndependent, .addressDependent: false
        }
    }
}

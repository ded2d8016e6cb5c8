/// Says how two nodes reach each other and why, from what both of them reported.
enum PairVerdict {
    /// The state that both sides agree on; one that disagrees or is silent leaves it to the other.
    static func state(_ first: PairSide, _ second: PairSide) -> PathState {
        let states = [first.path?.state, second.path?.state].compactMap(\.self)
        if !states.isEmpty, states.allSatisfy({ $0 == .direct }) { return .direct }
        return states.first { $0 == .relayed } ?? states.first { $0 != .direct } ?? .unknown
    }

    /// Why the pair is not direct, in one sentence; nil when it is, or when nothing is known.
    static func why(_ first: PairSide, _ second: PairSide) -> String? {
        switch state(first, second) {
        case .direct, .idle, .unknown: return nil
        case .relayed: break
        }
        if first.nat?.isUDPBlocked == true, second.nat?.isUDPBlocked == true { return "UDP is blocked on both sides" }
        for side in [first, second] where side.nat?.isUDPBlocked == true { return "UDP is blocked on \(side.name)'s side" }
        if let families = missingFamily(first, second) ?? missingFamily(second, first) { return families }
        let probes = [first, second].reduce(0) { $0 + Int($1.path?.probesSent ?? 0) }
        let effort = probes > 0 ? "; \(probes) probes, no answer" : ""
        switch (isHard(first), isHard(second)) {
        case (true, true): return "both NATs map by destination\(effort)"
        case (true, false):
            return "\(first.name)'s NAT maps by destination, and \(second.name)'s lets in known ports only\(effort)"
        case (false, true):
            return "\(second.name)'s NAT maps by destination, and \(first.name)'s lets in known ports only\(effort)"
        case (false, false): return first.path?.reason ?? second.path?.reason
        }
    }

    private static func isHard(_ side: PairSide) -> Bool {
        switch side.nat?.mapping {
        case .addressDependent, .addressAndPortDependent: true
        case .endpointIndependent, .unknown, nil: false
        }
    }

    private static func missingFamily(_ one: PairSide, _ other: PairSide) -> String? {
        guard let one = one.nat.map({ ($0, one.name) }), let other = other.nat.map({ ($0, other.name) }),
            one.0.hasIPv4 == false, other.0.hasIPv6 == false
        else { return nil }
        return "\(one.1) has IPv6 only, and \(other.1) IPv4 only"
    }
}

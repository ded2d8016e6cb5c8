internal import Coordination
internal import Disco
internal import Traversal
internal import Wire

// Between what the path engine knows and what the coordination server passes on to peers.

extension Peer {
    /// The candidates that probes can reach, the IPv4 ones also as a NAT64 shows them.
    func candidates(translatedBy nat64: NAT64Prefix?) -> [Candidate] {
        let named = candidates.compactMap(Candidate.init(published:))
        guard let nat64 else { return named }
        return named
            + named.compactMap { candidate in
                nat64.synthesize(candidate.endpoint).map { Candidate(candidate.kind, $0, priority: candidate.priority) }
            }
    }
}

extension Disco.Message {
    /// The message with the IPv4 endpoints of a call-me-maybe also as a NAT64 shows them.
    func translated(by nat64: NAT64Prefix?) -> Disco.Message {
        guard let nat64, case .callMeMaybe(let call) = self else { return self }
        return .callMeMaybe(CallMeMaybe(endpoints: call.endpoints + call.endpoints.compactMap(nat64.synthesize)))
    }
}

extension Candidate {
    init?(published: PublishedCandidate) {
        let kind: Kind
        switch published.type {
        case .host: kind = .host
        case .serverReflexive: kind = .serverReflexive
        case .portMapped: kind = .portMapped
        case .relayed: return nil
        }
        self.init(kind, published.endpoint, priority: published.priority)
    }

    /// The candidate as it is published; nil for one that means nothing to others.
    var published: PublishedCandidate? {
        let type: CandidateType
        switch kind {
        case .host: type = .host
        case .serverReflexive, .guessed: type = .serverReflexive
        case .portMapped, .configured: type = .portMapped
        case .peerReflexive, .relayed: return nil
        }
        // The server refuses these; two nodes of one machine tell them each other by call-me-maybe.
        guard !endpoint.address.isLoopback, !endpoint.address.isLinkLocal else { return nil }
        return PublishedCandidate(type: type, endpoint: endpoint, priority: priority)
    }

    /// The kind in the words of RFC 8445 and of the API.
    var kindName: String {
        switch kind {
        case .host: "host"
        case .peerReflexive: "peer-reflexive"
        case .serverReflexive: "server-reflexive"
        case .portMapped: "port-mapped"
        case .configured: "configured"
        case .guessed: "guessed"
        case .relayed: "relayed"
        }
    }
}

extension NATReport {
    /// What is published of the behaviour in front of us.
    init(_ behavior: NATBehavior, mappedAddress: IPAddress?) {
        self.init(hairpinning: behavior.hairpins, mappedAddress: mappedAddress?.description)
        mapping = behavior.mapping.map(NATDependence.init)
        filtering = behavior.filtering.map(NATDependence.init)
        // The word "at least address-dependent" does not exist on the wire: the safer one is used.
        if mapping == nil, behavior.mappingVaries == true { mapping = .addressAndPortDependent }
        switch behavior.allocation {
        case .preserving: portAllocation = .preserving
        case .sequential(let step):
            portAllocation = .sequential
            portStep = Int32(step)
        case .random: portAllocation = .random
        case nil: break
        }
        (lowestPort, highestPort) = (behavior.ports?.lowerBound, behavior.ports?.upperBound)
        if behavior.searchesPorts { searchesPorts = true }
        hasCaptivePortal = behavior.isCaptive
        if let lifetime = behavior.mappingLifetime { mappingLifetimeSeconds = UInt32(clamping: Int64(lifetime.inSeconds)) }
        switch behavior.reachability {
        case .unknown: break
        case .blocked: isUDPBlocked = true
        case .ipv4: (isUDPBlocked, hasIPv4) = (false, true)
        case .ipv6: (isUDPBlocked, hasIPv6) = (false, true)
        case .dualStack: (isUDPBlocked, hasIPv4, hasIPv6) = (false, true, true)
        }
    }

    /// What the path engine makes of a peer's report.
    var behavior: NATBehavior {
        var behavior = NATBehavior(hairpins: hairpinning)
        behavior.mapping = mapping.flatMap(NATBehavior.Dependence.init)
        behavior.filtering = filtering.flatMap(NATBehavior.Dependence.init)
        switch portAllocation {
        case .preserving: behavior.allocation = .preserving
        case .sequential: behavior.allocation = .sequential(step: Int16(clamping: portStep ?? 1))
        case .random: behavior.allocation = .random
        case .unknown, nil: break
        }
        if let lowestPort, let highestPort, lowestPort <= highestPort { behavior.ports = lowestPort...highestPort }
        behavior.searchesPorts = searchesPorts ?? false
        behavior.isCaptive = hasCaptivePortal
        behavior.mappingLifetime = mappingLifetimeSeconds.map { .seconds(Int64($0)) }
        if isUDPBlocked == true {
            behavior.reachability = .blocked
        } else {
            behavior.reachability =
                switch (hasIPv4 ?? false, hasIPv6 ?? false) {
                case (true, true): .dualStack
                case (true, false): .ipv4
                case (false, true): .ipv6
                case (false, false): .unknown
                }
        }
        return behavior
    }
}

extension NATDependence {
    init(_ dependence: NATBehavior.Dependence) {
        switch dependence {
        case .endpointIndependent: self = .endpointIndependent
        case .addressDependent: self = .addressDependent
        case .addressAndPortDependent: self = .addressAndPortDependent
        }
    }
}

extension NATBehavior.Dependence {
    init?(_ dependence: NATDependence) {
        switch dependence {
        case .endpointIndependent: self = .endpointIndependent
        case .addressDependent: self = .addressDependent
        case .addressAndPortDependent: self = .addressAndPortDependent
        case .unknown: return nil
        }
    }
}

package import Wire

/// How a node came to know one of its candidates (RFC 8445 §5.1.1).
package enum CandidateType: String, Codable, CaseIterable, Sendable {
    /// An address of one of its interfaces.
    case host
    /// The mapping that a STUN server saw.
    case serverReflexive = "server-reflexive"
    /// A port that the gateway forwards on request (NAT-PMP, PCP, UPnP) or by its owner's hand.
    case portMapped = "port-mapped"
    /// An address on a relay.
    case relayed
}

/// An address at which a node may be reached, as it is published to its peers.
package struct PublishedCandidate: Codable, Hashable, Sendable {
    package var type: CandidateType
    package var endpoint: Endpoint
    /// Higher is tried first (RFC 8445 §5.1.2).
    package var priority: UInt32

    package init(type: CandidateType, endpoint: Endpoint, priority: UInt32) {
        self.type = type
        self.endpoint = endpoint
        self.priority = priority
    }
}

/// The body of `PUT /v1/nodes/self/candidates`: all that a node publishes, in place of what it published before.
package struct CandidateUpdate: Codable, Equatable, Sendable {
    /// Larger than in every update before (since the last registration); a stale one is refused (409).
    /// At most 2^53 - 1, so that every JSON reader keeps it exactly.
    package var sequence: Int64
    /// At most 64.
    package var candidates: [PublishedCandidate]
    /// The region of the relay where the node can be reached; nil for none.
    package var homeRelay: UInt16?
    /// What the node knows of the NATs in front of it; peers see it.
    package var nat: NATReport?
    /// How the node reaches its peers; operators see it.
    package var paths: [PathReport]?

    package init(
        sequence: Int64, candidates: [PublishedCandidate], homeRelay: UInt16? = nil,
        nat: NATReport? = nil,
        paths: [PathReport]? = nil
    ) {
        self.sequence = sequence
        self.candidates = candidates
        self.homeRelay = homeRelay
        self.nat = nat
        self.paths = paths
    }
}

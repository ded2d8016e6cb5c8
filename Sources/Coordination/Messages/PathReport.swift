package import Wire

/// The way that a node's packets to a peer take.
package enum PathState: String, Codable, CaseIterable, Sendable {
    case direct
    case relayed
    /// No packet has been exchanged lately.
    case idle
    /// A word of a later version.
    case unknown

    package init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}

/// How one node reaches one peer, for operators (`/v1/admin/pairs`).
package struct PathReport: Codable, Equatable, Sendable {
    package var peer: NodeID
    package var state: PathState
    /// The peer's address on a direct path.
    package var endpoint: Endpoint?
    package var latencyMilliseconds: Double?
    /// Since when the path has been as it is.
    package var since: Timestamp?
    package var probesSent: UInt32?
    /// Why there is no direct path, in one sentence.
    package var reason: String?

    package init(
        peer: NodeID, state: PathState, endpoint: Endpoint? = nil, latencyMilliseconds: Double? = nil,
        since: Timestamp? = nil,
        probesSent: UInt32? = nil, reason: String? = nil
    ) {
        self.peer = peer
        self.state = state
        self.endpoint = endpoint
        self.latencyMilliseconds = latencyMilliseconds
        self.since = since
        self.probesSent = probesSent
        self.reason = reason
    }
}

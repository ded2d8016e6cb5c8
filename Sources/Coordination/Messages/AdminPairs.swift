/// One side of a pair: who it is, and how it says to reach the other.
package struct PairSide: Codable, Equatable, Sendable {
    package var id: NodeID
    package var name: String
    package var nat: NATReport?
    /// Its last report about the other side; nil when it sent none.
    package var path: PathReport?

    package init(id: NodeID, name: String, nat: NATReport?, path: PathReport?) {
        self.id = id
        self.name = name
        self.nat = nat
        self.path = path
    }
}

/// Two nodes of which at least one has reported how it reaches the other.
package struct PairDescription: Codable, Equatable, Sendable {
    package var network: NetworkReference
    /// The side with the lower number.
    package var first: PairSide
    package var second: PairSide
    /// `direct` when both sides (or the only one that reported) say so.
    package var state: PathState
    /// Why the pair is not direct, from both sides' facts, in one sentence; nil when it is.
    package var why: String?

    package init(
        network: NetworkReference, first: PairSide, second: PairSide, state: PathState, why: String?
    ) {
        self.network = network
        self.first = first
        self.second = second
        self.state = state
        self.why = why
    }
}

/// The answer to `GET /v1/admin/pairs`.
package struct PairList: Codable, Equatable, Sendable {
    package var pairs: [PairDescription]
    /// Whether there are more than the answer holds.
    package var truncated: Bool

    package init(pairs: [PairDescription], truncated: Bool) {
        self.pairs = pairs
        self.truncated = truncated
    }
}

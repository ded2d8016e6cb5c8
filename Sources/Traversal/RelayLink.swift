internal import Wire

/// What the relay path to the peer is like.
struct RelayLink: Sendable {
    private(set) var isReachable = true
    /// Round-trip time of the last ping by relay.
    private(set) var latency: Duration?
    /// When the peer was last heard by relay.
    private(set) var heardAt: Instant?
    /// When a ping was last sent by relay.
    private(set) var askedAt: Instant?

    mutating func changed(isReachable: Bool) { self.isReachable = isReachable }
    mutating func asked(at now: Instant) { askedAt = now }
    /// The peer was heard by relay, so it is there, whatever the relay said before.
    mutating func heard(at now: Instant) { (heardAt, isReachable) = (now, true) }
    mutating func answered(latency: Duration) { self.latency = latency }

    /// Whether the last ping by relay is unanswered and nothing else was heard since. Asked after a failed round, when a pong
    /// has had its time.
    var isSilent: Bool {
        guard let askedAt else { return false }
        return heardAt.map { $0 < askedAt } ?? true
    }
}

internal import Wire

/// This side's own handshake, waiting for an answer to its latest initiation.
struct HandshakeAttempt {
    let startedAt: Instant
    /// The latest initiation, under the index that the answer must name.
    var initiation: PendingInitiation
    var localIndex: UInt32
    var transmissionCount: Int
    var retryAt: Instant
}

/// Why a session threw a packet away: the label of a counter.
package enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// Arrived: no packet of a session.
    case malformed
    /// Arrived: for keys that this side has not, or has no more.
    case unknownIndex = "unknown_index"
    /// Arrived: does not open.
    case forged
    /// Arrived: seen before, or too old to tell.
    case replayed
    /// Arrived: under keys that are older than their lifetime.
    case expired
    /// Arrived: an initiation of another peer than the session's.
    case wrongPeer = "wrong_peer"
    /// Arrived: an initiation no newer than one that was seen.
    case staleInitiation = "stale_initiation"
    /// Arrived: more initiations than a peer may send.
    case tooManyInitiations = "too_many_initiations"
    /// Arrived: an initiation while this side's own has precedence.
    case initiationCrossed = "initiation_crossed"
    /// To be sent: too many wait for the handshake, and this was the oldest.
    case queueFull = "queue_full"
    /// To be sent: waited for a handshake that did not come about.
    case handshakeFailed = "handshake_failed"
    /// To be sent: longer than a packet may be.
    case tooLong = "too_long"
}

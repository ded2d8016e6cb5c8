/// What a session wants of its shell.
package enum SessionEffect: Equatable, Sendable {
    /// Send these bytes to the peer, on whatever path there is.
    case transmit([UInt8])
    /// This payload came from the peer, unread and unaltered by anyone.
    case deliver([UInt8])
    /// Keys are in use: the first, or renewed ones.
    case established(isInitiator: Bool)
    /// No answer within the attempt time; what waited was dropped. The next `send` tries again.
    case handshakeFailed
    /// A packet was thrown away.
    case dropped(DropReason)
}

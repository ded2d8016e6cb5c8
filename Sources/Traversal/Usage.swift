internal import Wire

/// Whether anybody uses the paths to a peer: unused ones are closed, and opened again by the next packet.
struct Usage: Sendable {
    /// After the last packet sent, paths are kept for so long.
    static let idleAfter: Duration = .seconds(45)

    /// After the last packet sent, they are watched closely for so long.
    static let activeTail: Duration = .seconds(2)

    private(set) var lastSent: Instant?

    mutating func sent(at now: Instant) { lastSent = now }

    /// Packets are being sent: worth a ping a second.
    func isActive(at now: Instant) -> Bool {
        lastSent.map { now - $0 <= Self.activeTail } ?? false
    }

    /// Packets were sent not long ago: worth keeping the NATs' mappings alive.
    func isInUse(at now: Instant) -> Bool {
        lastSent.map { now - $0 <= Self.idleAfter } ?? false
    }
}

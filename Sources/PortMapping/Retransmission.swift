internal import Wire

/// When a datagram to the gateway is sent again: after 250 ms, and then after twice as long each time (RFC 6886 §3.1).
struct Retransmission: Hashable, Sendable {
    static let initialWait: Duration = .milliseconds(250)
    /// At 0, 250, 750, 1,750 and 3,750 ms: a sixth would come after an attempt has ended.
    static let limit = 5

    private var count = 1
    /// When it is due next; nil when it has been sent often enough.
    private(set) var deadline: Instant?

    /// Starts with the first transmission, made at `now`.
    init(at now: Instant) {
        deadline = now + Self.initialWait
    }

    /// Whether to send it again now.
    mutating func isDue(at now: Instant) -> Bool {
        guard let deadline, deadline <= now else { return false }
        count += 1
        self.deadline = count < Self.limit ? now + Self.initialWait * (1 << (count - 1)) : nil
        return true
    }
}

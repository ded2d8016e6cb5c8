internal import Wire

/// Notices that the peer has left the path that we send on: its traffic came over it until a moment ago, and comes another way now.
///
/// The peer may know more than we do: its cable was pulled, its Wi-Fi changed. A peer that always takes another path than ours, or
/// sends on two ways while it doubts one, has not left.
struct DepartureWatch: Sendable {
    /// The path must have been silent for so long: copies by relay and packets that overtake each other come closer together.
    static let silence: Duration = .milliseconds(100)
    /// Traffic longer ago than this says nothing of the path that the peer takes.
    static let memory: Duration = .seconds(3)

    /// The path that carried the peer's last packet over a current path, and when.
    private var last: (path: DirectPath, at: Instant)?

    /// Takes a packet of the peer's user data. True when it shows that the peer has left `current`, once for each time.
    mutating func received(from origin: Origin, current: DirectPath, at now: Instant) -> Bool {
        if origin == .direct(current) {
            last = (current, now)
            return false
        }
        guard let last, last.path == current, now - last.at >= Self.silence else { return false }
        self.last = nil
        return now - last.at <= Self.memory
    }
}

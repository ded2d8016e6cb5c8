internal import Wire

/// How often a mapping must be refreshed so that it does not expire.
enum KeepaliveSchedule {
    /// When no NAT on the way is known better: below the 30 s that some routers use (RFC 4787 REQ-5 asks for two minutes).
    static let standard: Duration = .seconds(25)
    /// The path kept warm behind the current one.
    static let standby: Duration = .seconds(15)
    /// Whatever a NAT does, no more often than this.
    static let shortest: Duration = .seconds(4)

    /// Pings fall on multiples of this, so that many peers share a wake-up: at most four a second.
    static let grid: Duration = .milliseconds(250)

    /// The last instant of the grid that is not after `due`.
    static func aligned(_ due: Instant) -> Instant {
        Instant(nanoseconds: due.nanoseconds - due.nanoseconds % grid.nanoseconds)
    }

    /// The interval for a path that crosses NATs of these mapping lifetimes: four fifths of the shortest one.
    static func interval(_ lifetimes: Duration?...) -> Duration {
        let shortest = lifetimes.compactMap { $0 }.min()
        guard let lifetime = shortest else { return standard }
        return max(Self.shortest, min(standard, lifetime * 4 / 5))
    }
}

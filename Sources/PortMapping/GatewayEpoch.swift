internal import Wire

/// Notices from the age of its mapping table, which every answer carries, that a gateway has lost its mappings.
struct GatewayEpoch: Sendable {
    private var last: (seconds: Int64, at: Instant)?

    /// Takes the seconds since the table was made, by the rule of RFC 6887 §8.5; answers true when the table is another one.
    ///
    /// The clocks may drift by a sixteenth against each other, and answers may overtake each other by a second.
    mutating func isLost(pcp seconds: UInt32, at now: Instant) -> Bool {
        let seconds = Int64(seconds)
        defer { last = (seconds, now) }
        guard let last else { return false }
        guard seconds >= last.seconds - 1 else { return true }
        let server = max(0, seconds - last.seconds)
        let client = Self.wholeSeconds(now - last.at)
        return client + 2 < server - server / 16 || server + 2 < client - client / 16
    }

    /// The same by the rule of RFC 6886 §3.6: the gateway's clock may be slow by an eighth, and two seconds are allowed for.
    mutating func isLost(natPMP seconds: UInt32, at now: Instant) -> Bool {
        let seconds = Int64(seconds)
        defer { last = (seconds, now) }
        guard let last else { return false }
        return seconds + 2 < last.seconds + Self.wholeSeconds(now - last.at) * 7 / 8
    }

    private static func wholeSeconds(_ duration: Duration) -> Int64 {
        max(0, duration.components.seconds)
    }
}

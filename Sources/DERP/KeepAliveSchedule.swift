package import Wire

/// When a server sends keep-alives on one connection: every minute and a part of five seconds more, drawn once per connection.
package struct KeepAliveSchedule: Sendable {
    /// The connection's own interval, 60…65 s.
    package let interval: Duration
    /// When the next one is due.
    package private(set) var nextDeadline: Instant

    package init(startedAt now: Instant, using random: inout some RandomNumberGenerator) {
        let jitter = Int64.random(in: 0...Limits.keepAliveJitter.nanoseconds, using: &random)
        interval = Limits.keepAliveInterval + .nanoseconds(jitter)
        nextDeadline = now + interval
    }

    /// Tells whether a keep-alive is to be sent, and sets the next deadline. A late call sends one, not all that were missed.
    package mutating func deadlineReached(at now: Instant) -> Bool {
        guard now >= nextDeadline else { return false }
        nextDeadline = now + interval
        return true
    }
}

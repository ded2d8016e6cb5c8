/// What discovery for one peer has cost and found.
package struct ProbeStatistics: Hashable, Sendable {
    /// Pings sent directly, openers included.
    package var pingsSent = 0
    /// Those of them with a low TTL.
    package var openersSent = 0
    /// Pings answered.
    package var pongsReceived = 0
    /// Authentic pings that came directly.
    package var pingsReceived = 0
    package var callMeMaybesSent = 0
    package var callMeMaybesReceived = 0
    /// Pings to guessed ports and from sockets opened for guesses, beside `pingsSent`, and the attempts that sent them.
    package var birthdayPingsSent = 0
    package var birthdayAttempts = 0
    /// Probes that the budget held back.
    package var probesHeldBack = 0
    /// Times that traffic moved to a direct path, and away from one.
    package var upgrades = 0
    package var fallbacks = 0
    /// From the first packet (or the last change) to the first answered probe of the last successful discovery.
    package var timeToDirect: Duration?

    package init() {}
}

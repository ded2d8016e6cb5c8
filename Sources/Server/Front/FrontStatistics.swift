internal import NIOConcurrencyHelpers
package import TLS

/// What the front has counted since its start.
package struct FrontStatistics: Equatable, Sendable {
    /// Connections accepted.
    package var accepted = 0
    /// Connections closed at once, for the limit of half-open ones in all, and for that of one source.
    package var refusedFull = 0
    package var refusedSource = 0
    /// Connections whose first request is not known yet.
    package var halfOpen = 0
    /// Finished handshakes by version, and how many of them resumed a session.
    package var handshakesTLS12 = 0
    package var handshakesTLS13 = 0
    package var resumedHandshakes = 0
    /// Handshakes and sessions that failed before the first request was there.
    package var tlsFailures: [TLSFailureReason: Int] = [:]
    /// Connections without a whole request head at the deadline, handshake done or not.
    package var timeouts = 0
    /// Connections that ended by themselves before their first request.
    package var abandoned = 0
    /// Connections given to the HTTP server.
    package var http = 0
    /// Connections handed off to the relay, and which of them speak WebSocket or wanted no reply.
    package var handedOff = 0
    package var handedOffWebSocket = 0
    package var handedOffFastStart = 0
    /// Upgrades that could not be handed off cleanly: the client was going already, or descriptors have run out.
    package var refusedHandOffs = 0

    package init() {}
}

/// The front's counters: written by all event loops, a few times in a connection's life.
package final class FrontCounters: Sendable {
    private let value = NIOLockedValueBox(FrontStatistics())

    package init() {}

    package var statistics: FrontStatistics { value.withLockedValue { $0 } }

    func count(_ change: (inout FrontStatistics) -> Void) {
        value.withLockedValue { change(&$0) }
    }
}

internal import HummingbirdCore
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore

/// The open connections of the listeners: bounded in number, told to end at shutdown.
final class ConnectionTable: Sendable {
    private struct State {
        var limit: Int
        var channels: [ObjectIdentifier: any Channel] = [:]
        var refused = 0
        var accepted = 0
    }

    /// How long a connection may go on after the shutdown began.
    private static let grace = TimeAmount.seconds(2)

    private let state: NIOLockedValueBox<State>

    /// - Parameter limit: connections at most; the next ones are closed at once.
    init(limit: Int) {
        state = NIOLockedValueBox(State(limit: limit))
    }

    /// Changes the limit; connections that are open stay.
    func reconfigure(limit: Int) {
        state.withLockedValue { $0.limit = limit }
    }

    struct Full: Error {}

    /// Connections accepted, refused for the limit, and open at present.
    var counts: (accepted: Int, refused: Int, open: Int) {
        state.withLockedValue { ($0.accepted, $0.refused, $0.channels.count) }
    }

    /// Sets up a new connection, or fails, upon which NIO closes it.
    func admit<Child: ServerChildChannel>(_ channel: any Channel, child: Child, logger: Logger) -> EventLoopFuture<Child.Value> {
        let identifier = ObjectIdentifier(channel)
        let isAdmitted = state.withLockedValue { state in
            guard state.channels.count < state.limit else {
                state.refused += 1
                return false
            }
            state.accepted += 1
            state.channels[identifier] = channel
            return true
        }
        guard isAdmitted else { return channel.eventLoop.makeFailedFuture(Full()) }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLockedValue { _ = $0.channels.removeValue(forKey: identifier) }
        }
        return child.setup(channel: channel, logger: logger)
    }

    /// Tells every connection to end after its request, and ends it after the grace.
    func quiesce() {
        for channel in state.withLockedValue({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            channel.eventLoop.scheduleTask(in: Self.grace) { channel.close(promise: nil) }
        }
    }
}

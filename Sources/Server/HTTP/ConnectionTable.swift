internal import HummingbirdCore
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore

/// The open connections of the listeners: bounded in number, told to end at shutdown.
final class ConnectionTable: Sendable {
    private struct State {
        var places: ConnectionPlaces
        var channels: [ObjectIdentifier: any Channel] = [:]
        var refused = 0
        var accepted = 0
    }

    /// How long a connection may go on after the shutdown began.
    private static let grace = TimeAmount.seconds(2)

    private let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - limits: connections at most; the next ones are closed at once.
    ///   - shared: addresses that many clients come from, to which the limit per source does not apply.
    init(limits: ConnectionPlaces.Limits, shared: [AddressPrefix] = []) {
        state = NIOLockedValueBox(State(places: ConnectionPlaces(limits: limits, shared: shared)))
    }

    /// Changes the limits; connections that are open stay.
    func reconfigure(limits: ConnectionPlaces.Limits) {
        state.withLockedValue { $0.places.limits = limits }
    }

    struct Full: Error {}

    /// Connections accepted, refused for the limits, and open at present.
    var counts: (accepted: Int, refused: Int, open: Int) {
        state.withLockedValue { ($0.accepted, $0.refused, $0.channels.count) }
    }

    /// Sets up a new connection, or closes it and fails; NIO drops a channel whose setup fails without closing it.
    func admit<Child: ServerChildChannel>(_ channel: any Channel, child: Child, logger: Logger) -> EventLoopFuture<Child.Value> {
        let identifier = ObjectIdentifier(channel)
        let source = ClientAddress.of(channel.remoteAddress)
        let isAdmitted = state.withLockedValue { state in
            guard state.places.enter(source) else {
                state.refused += 1
                return false
            }
            state.accepted += 1
            state.channels[identifier] = channel
            return true
        }
        guard isAdmitted else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(Full())
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLockedValue { state in
                guard state.channels.removeValue(forKey: identifier) != nil else { return }
                state.places.leave(source)
            }
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

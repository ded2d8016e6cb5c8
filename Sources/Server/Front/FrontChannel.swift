internal import DERP
package import HummingbirdCore
package import Logging
package import NIOCore
package import Relay
package import TLS
package import Wire

/// The server's side of a connection on the relay's port: TLS, then either HTTP or a hand-off to the relay.
///
/// A server runs it like Hummingbird's own channels. Connections that ask for DERP leave NIO with their first request and are given to
/// `adopt`; all others go on in `http`. Accepting costs a few table entries: handshakes of different connections run side by side.
package struct FrontChannel: ServerChildChannel {
    typealias HTTPValue = HTTP1Channel.Value

    /// What a connection has become.
    enum Outcome: Sendable {
        case http(HTTPValue)
        case handedOff
    }

    package struct Value: ServerChildChannelValue {
        package let channel: any Channel
        let outcome: EventLoopFuture<Outcome>
    }

    /// The connection is one too many.
    struct Refused: Error {}

    private let http: HTTP1Channel
    private let tls: CurrentTLSContext?
    private let serverKey: NodeKey
    private let limits: FrontLimits
    private let trustedProxies: [AddressPrefix]
    private let counters: FrontCounters
    private let halfOpen: HalfOpenTable
    private let adopt: @Sendable (Adoption) -> Void

    /// - Parameters:
    ///   - http: what serves the connections that do not ask for DERP.
    ///   - tls: where the certificate for the next connection is found; nil for plain HTTP.
    ///   - serverKey: the relay's key, for the reply to an upgrade.
    ///   - trustedProxies: whose word on where a client really comes from the relay is given.
    ///   - adopt: takes over a connection that was upgraded; called on its event loop, must not block.
    package init(
        http: HTTP1Channel, tls: CurrentTLSContext?, serverKey: NodeKey, limits: FrontLimits = FrontLimits(),
        trustedProxies: [AddressPrefix] = [], counters: FrontCounters = FrontCounters(),
        adopt: @escaping @Sendable (Adoption) -> Void
    ) {
        self.http = http
        self.tls = tls
        self.serverKey = serverKey
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.counters = counters
        halfOpen = HalfOpenTable(limits)
        self.adopt = adopt
    }

    /// What has been counted, with the connections that are half open at this moment.
    package var statistics: FrontStatistics {
        var statistics = counters.statistics
        statistics.halfOpen = halfOpen.count
        return statistics
    }

    /// Prepares a connection that was accepted, or closes it and fails; NIO drops a channel whose setup fails without closing it.
    ///
    /// It completes at once, because NIO registers the channel only afterwards: what the connection becomes is a future in the value.
    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // A connection without an address is gone already, or comes by a Unix socket: those share one place.
            let source = channel.remoteAddress.flatMap(Endpoint.init) ?? Endpoint(IPAddress(ipv4: 0), 0)
            do {
                try enter(source.address)
            } catch {
                channel.close(promise: nil)
                throw error
            }
            let outcome = channel.eventLoop.makePromise(of: Outcome.self)
            let tlsHandler = tls.map { TLSServerHandler(context: $0.value) }
            let handler = FirstRequestHandler(
                front: self, tls: tlsHandler, source: source, outcome: outcome, logger: logger)
            do {
                if let tlsHandler { try channel.pipeline.syncOperations.addHandler(tlsHandler) }
                try channel.pipeline.syncOperations.addHandler(handler)
            } catch {
                handler.abandon()
                channel.close(promise: nil)
                throw error
            }
            return Value(channel: channel, outcome: outcome.futureResult)
        }
    }

    /// Serves HTTP on the connection if that is what it becomes.
    package func handle(value: Value, logger: Logger) async {
        // A connection that ends before its first request fails the future: nothing is left to do for it.
        guard case .http(let channel)? = try? await value.outcome.get() else { return }
        await http.handle(value: channel, logger: logger)
    }

    private func enter(_ address: IPAddress) throws {
        switch halfOpen.enter(address) {
        case .admitted:
            counters.count { $0.accepted += 1 }
        case .full:
            counters.count { $0.refusedFull += 1 }
            throw Refused()
        case .sourceFull:
            counters.count { $0.refusedSource += 1 }
            throw Refused()
        }
    }
}

// MARK: - For the handler

extension FrontChannel {
    var deadline: TimeAmount { limits.deadline }

    func count(_ change: (inout FrontStatistics) -> Void) { counters.count(change) }

    /// The connection is no longer half open.
    func settled(_ source: Endpoint) { halfOpen.leave(source.address) }

    func setUpHTTP(_ channel: any Channel, logger: Logger) -> EventLoopFuture<HTTPValue> {
        http.setup(channel: channel, logger: logger)
    }

    /// The reply to an upgrade: empty under fast start.
    func reply(to upgrade: FirstRequest.Upgrade) -> [UInt8] {
        if let key = upgrade.webSocketKey {
            return HTTPUpgrade.webSocketReply(accept: WebSocketHandshake.accept(key: key))
        }
        return upgrade.isFastStart ? [] : HTTPUpgrade.reply(serverKey: serverKey)
    }

    /// Where the client of an upgrade comes from: the connection's other end, unless that is a proxy that is trusted to tell.
    /// The port stays the connection's, since a proxy names none.
    func origin(of upgrade: FirstRequest.Upgrade, from peer: Endpoint) -> Endpoint {
        guard !upgrade.forwardedFor.isEmpty else { return peer }
        return Endpoint(
            ClientAddress.behindProxies(peer: peer.address, forwardedFor: upgrade.forwardedFor, trusted: trustedProxies),
            peer.port)
    }

    func handOff(_ adoption: Adoption) { adopt(adoption) }
}

extension Endpoint {
    /// The address and port of a socket, canonical; nil for a Unix socket.
    init?(_ address: SocketAddress) {
        // A link-local address comes with its scope: `fe80::1%eth0`.
        guard let text = address.ipAddress, let port = address.port, let literal = text.split(separator: "%").first,
            let ip = IPAddress(literal)
        else { return nil }
        self.init(ip.canonical, UInt16(clamping: port))
    }
}

internal import FoundationEssentials
internal import NIOCore
internal import NIOPosix
internal import TLS
internal import Wire

/// Opens connections to the server: TCP over IPv4 and IPv6 in parallel (RFC 8305), then TLS where it is spoken.
struct ServerDialer: Sendable {
    /// How long the TCP handshake may take, all addresses together.
    private static let connectTimeout = TimeAmount.seconds(5)
    /// How long a proxy may take to open a tunnel.
    private static let proxyTimeout = Duration.seconds(10)

    let server: ServerAddress
    let eventLoop: any EventLoop
    private let tls: (context: TLSContext, peer: TLSPeer)?
    private let proxy: HTTPProxy?

    /// Whether a connection's remote address is the server's own, and not a proxy's.
    var isDirect: Bool { proxy == nil }

    init(server: ServerAddress, eventLoop: any EventLoop) throws(NodeFailure) {
        self.server = server
        self.eventLoop = eventLoop
        proxy = HTTPProxy.from(environment: ProcessInfo.processInfo.environment, for: server)
        guard server.usesTLS else {
            tls = nil
            return
        }
        guard let peer = TLSPeer(host: server.host, certificateName: server.pin ?? "") else {
            throw NodeFailure(.invalidArgument, "the certificate pin is damaged: copy the whole join line again")
        }
        do {
            tls = (try TLSContext(clientTrusting: []), peer)
        } catch {
            throw NodeFailure(.failed, "TLS cannot be set up: \(error)")
        }
    }

    /// What was built on a connection.
    struct Secured<Output: Sendable>: Sendable {
        let output: Output
        /// The end of the TLS handshake: its error says more than that of a write to a channel which it has closed.
        let isEstablished: EventLoopFuture<Void>
    }

    /// Connects and builds what stands behind TLS in the pipeline.
    func connect<Output: Sendable>(
        _ configure: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> Secured<Output> {
        do {
            guard let proxy else {
                return try await connectDirectly(configure)
            }
            return try await connect(through: proxy, configure)
        } catch let error as NIOConnectionError {
            throw failure(of: error)
        }
    }

    private func connectDirectly<Output: Sendable>(
        _ configure: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> Secured<Output> {
        let reach = { @Sendable (host: String) in
            try await bootstrap.connect(host: host, port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture { try secure(channel, configure) }
            }
        }
        do {
            return try await reach(server.host)
        } catch let error as NIOConnectionError {
            // A name that has only IPv4 addresses is the name server's to translate; an address is ours.
            guard let address = IPAddress(server.host), NAT64Discovery.isWanted(routes: DefaultRoute.all()),
                let prefix = try await NAT64Discovery.run(on: eventLoop).get(),
                let translated = prefix.synthesize(Endpoint(address, UInt16(clamping: server.port)))
            else { throw error }
            return try await reach(translated.address.description)
        }
    }

    private var bootstrap: ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    private func secure<Output>(_ channel: any Channel, _ configure: (any Channel) throws -> Output) throws -> Secured<Output> {
        guard let tls else {
            return Secured(output: try configure(channel), isEstablished: channel.eventLoop.makeSucceededVoidFuture())
        }
        // The handler completes it whatever becomes of the channel.
        let established = channel.eventLoop.makePromise(of: TLSEstablished.self)
        let handler = TLSClientHandler(context: tls.context, to: tls.peer, established: established)
        try channel.pipeline.syncOperations.addHandler(handler)
        return Secured(output: try configure(channel), isEstablished: established.futureResult.map { _ in })
    }

    private func connect<Output: Sendable>(
        through proxy: HTTPProxy, _ configure: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> Secured<Output> {
        let request = proxy.request(to: server)
        let (channel, isOpen) = try await bootstrap.connect(host: proxy.host, port: proxy.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let isOpen = channel.eventLoop.makePromise(of: Void.self)
                try channel.pipeline.syncOperations.addHandler(ProxyHandler(request: request, isOpen: isOpen))
                return (channel, isOpen.futureResult)
            }
        }
        do {
            try await withTimeout(Self.proxyTimeout) { try await isOpen.get() }
        } catch {
            channel.close(promise: nil)
            throw error
        }
        // What is added to an active channel starts by itself.
        return try await eventLoop.submit { try secure(channel, configure) }.get()
    }

    /// Turns what can go wrong with a connection into a line with a remedy; other errors stay as they are.
    func explain(_ error: any Error) -> any Error {
        switch error {
        case let error as NIOConnectionError: failure(of: error)
        case TLSError.certificate(let reason):
            NodeFailure(
                .refused,
                "\(server.url) shows a certificate that is not trusted (\(reason)): check for a captive portal, the join line and the server"
            )
        case TLSError.notTLS:
            NodeFailure(.unreachable, "\(server.url) does not speak TLS: check the port of the join line")
        case let error as TLSError:
            NodeFailure(.unreachable, "no TLS connection to \(server.url): \(error)")
        case ProxyFailure.refused(let reason):
            NodeFailure(
                .unreachable,
                "the proxy \(proxy?.host ?? "") opens no way to \(server.authority) (\(reason)): check HTTPS_PROXY and NO_PROXY")
        case is TimeoutError:
            NodeFailure(.unreachable, "\(server.url) does not answer: check that the server runs and that the port is open")
        case is LineSplitter.TooLong, HTTPExchange.Failure.tooLong:
            NodeFailure(
                .unreachable, "\(server.url) answers with more than a node takes: check that it is a causeway-server")
        case is IOError, is ChannelError, is HTTPExchange.Failure:
            NodeFailure(.unreachable, "the connection to \(server.url) broke off: check that the server runs")
        default: error
        }
    }

    private func failure(of error: NIOConnectionError) -> NodeFailure {
        if let proxy {
            return NodeFailure(
                .unreachable, "no connection to the proxy \(proxy.host):\(proxy.port): check HTTPS_PROXY and NO_PROXY")
        }
        if error.connectionErrors.isEmpty {
            return NodeFailure(.unreachable, "the name \(server.host) has no address: check the join line and the name server")
        }
        return NodeFailure(
            .unreachable,
            "no connection to \(server.url): check that the server runs and that a firewall lets TCP \(server.port) through")
    }
}

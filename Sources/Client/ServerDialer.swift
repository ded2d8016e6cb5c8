internal import NIOCore
internal import NIOPosix
internal import TLS

/// Opens connections to the server: TCP over IPv4 and IPv6 in parallel (RFC 8305), then TLS where it is spoken.
struct ServerDialer: Sendable {
    /// How long the TCP handshake may take, all addresses together.
    private static let connectTimeout = TimeAmount.seconds(5)

    let server: ServerAddress
    let eventLoop: any EventLoop
    private let tls: (context: TLSContext, peer: TLSPeer)?

    init(server: ServerAddress, eventLoop: any EventLoop) throws(NodeFailure) {
        self.server = server
        self.eventLoop = eventLoop
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

    /// Connects and builds what stands behind TLS in the pipeline.
    func connect<Output: Sendable>(_ configure: @escaping @Sendable (any Channel) throws -> Output) async throws -> Output {
        do {
            return try await ClientBootstrap(group: eventLoop)
                .connectTimeout(Self.connectTimeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: server.host, port: server.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(TLSClientHandler(context: tls.context, to: tls.peer))
                        }
                        return try configure(channel)
                    }
                }
        } catch let error as NIOConnectionError {
            throw failure(of: error)
        }
    }

    /// Turns what can go wrong with a connection into a line with a remedy; other errors stay as they are.
    func explain(_ error: any Error) -> any Error {
        switch error {
        case let error as NIOConnectionError: failure(of: error)
        case TLSError.certificate(let reason):
            NodeFailure(
                .refused, "\(server.url) shows a certificate that is not trusted (\(reason)): check the join line and the server")
        case TLSError.notTLS:
            NodeFailure(.unreachable, "\(server.url) does not speak TLS: check the port of the join line")
        case let error as TLSError:
            NodeFailure(.unreachable, "no TLS connection to \(server.url): \(error)")
        case is TimeoutError:
            NodeFailure(.unreachable, "\(server.url) does not answer: check that the server runs and that the port is open")
        case is IOError, is ChannelError, is HTTPExchange.Failure:
            NodeFailure(.unreachable, "the connection to \(server.url) broke off: check that the server runs")
        default: error
        }
    }

    private func failure(of error: NIOConnectionError) -> NodeFailure {
        if error.connectionErrors.isEmpty {
            return NodeFailure(.unreachable, "the name \(server.host) has no address: check the join line and the name server")
        }
        return NodeFailure(
            .unreachable,
            "no connection to \(server.url): check that the server runs and that a firewall lets TCP \(server.port) through")
    }
}

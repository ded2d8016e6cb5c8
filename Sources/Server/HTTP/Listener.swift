internal import Glibc
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Wire

/// One socket that takes connections and hands each to a `ServerChildChannel`.
///
/// It is bound before it runs, so that a taken port is an error of the start and port 0 has its number at once.
struct Listener<Child: ServerChildChannel>: Service {
    private let server: NIOAsyncChannel<Child.Value, Never>
    private let child: Child
    private let connections: ConnectionTable
    private let logger: Logger

    /// Binds to an address and port.
    ///
    /// - Parameter isIPv6Only: leaves IPv4 to another listener of the same port.
    static func bind(
        to endpoint: Endpoint, isIPv6Only: Bool, child: Child, connections: ConnectionTable, logger: Logger
    ) async throws -> Listener {
        let timeout = ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT))
        var bootstrap = Self.bootstrap().childChannelOption(timeout, value: Self.userTimeoutMilliseconds)
        if !endpoint.address.isIPv4 {
            let option = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
            bootstrap = bootstrap.serverChannelOption(option, value: isIPv6Only ? 1 : 0)
        }
        let server = try await bootstrap.bind(host: endpoint.address.description, port: Int(endpoint.port)) { channel in
            connections.admit(channel, child: child, logger: logger)
        }
        return Listener(server: server, child: child, connections: connections, logger: logger)
    }

    /// Binds to a Unix socket that only its owner may use; a socket left behind by a dead server is replaced.
    static func bind(toPath path: String, child: Child, connections: ConnectionTable, logger: Logger) async throws -> Listener {
        let server = try await Self.bootstrap().bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
            connections.admit(channel, child: child, logger: logger)
        }
        return Listener(server: server, child: child, connections: connections, logger: logger)
    }

    /// How long a peer may acknowledge nothing of what was sent to it before the kernel gives it up.
    private static var userTimeoutMilliseconds: Int { 60_000 }

    private static func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    /// Where it really listens.
    var endpoint: Endpoint? {
        guard let address = server.channel.localAddress, let ip = ClientAddress.literal(of: address), let port = address.port
        else {
            return nil
        }
        return Endpoint(ip, UInt16(clamping: port))
    }

    /// Serves until the graceful shutdown, then lets requests in progress end.
    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                try await server.executeThenClose { inbound in
                    for try await value in inbound {
                        group.addTask { await child.handle(value: value, logger: logger) }
                    }
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
            connections.quiesce()
        }
    }

    /// Closes a listener that never ran.
    func discard() async {
        // Nobody else knows the socket: that closing it fails changes nothing.
        try? await server.executeThenClose { _ in }
    }
}

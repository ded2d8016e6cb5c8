internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Wire

/// All of the server's TCP and Unix listeners, as one service.
struct ServerListeners: Service {
    private let main: [Listener<FrontChannel>]
    private let admin: Listener<HTTP1Channel>?
    private let socket: Listener<HTTP1Channel>

    /// What the listeners serve.
    struct Content: Sendable {
        let front: FrontChannel
        let admin: HTTP1Channel
        let socket: HTTP1Channel
    }

    /// How long an HTTP connection may lie idle between two requests, or in one.
    static let idleTimeout = TimeAmount.seconds(60)

    /// HTTP with limits that fit our requests.
    static func channel(_ responder: HTTPResponder, pace: ConnectionPace.Limits = ConnectionPace.Limits()) -> HTTP1Channel {
        HTTP1Channel(
            responder: { request, writer, channel in try await responder.respond(request, writer, channel) },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionPaceInstaller(pace)],
                idleTimeout: idleTimeout,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 128)))
    }

    /// Binds all of them, or none.
    static func bind(
        _ settings: Settings, directory: DataDirectory, content: Content, connections: ConnectionTable, logger: Logger
    ) async throws(StartError) -> ServerListeners {
        // The operator gets in also when clients have taken every place.
        let reserved = ConnectionTable(limits: ConnectionPlaces.Limits(total: 256, perSource: 256))
        var main: [Listener<FrontChannel>] = []
        var admin: Listener<HTTP1Channel>?
        do {
            for endpoint in try await addresses(settings) {
                let leavesIPv4 = leavesIPv4(endpoint, among: settings.listen)
                main.append(
                    try await bindOne(endpoint, "--listen") {
                        try await .bind(
                            to: endpoint, isIPv6Only: leavesIPv4, child: content.front, connections: connections, logger: logger)
                    })
            }
            if let endpoint = settings.admin {
                admin = try await bindOne(endpoint, "--admin") {
                    try await .bind(to: endpoint, isIPv6Only: true, child: content.admin, connections: reserved, logger: logger)
                }
            }
            let socket = try await bindSocket(directory, content.socket, reserved, logger)
            return ServerListeners(main: main, admin: admin, socket: socket)
        } catch {
            for listener in main { await listener.discard() }
            await admin?.discard()
            throw error
        }
    }

    /// Where the main listeners are, with their real ports.
    var endpoints: [Endpoint] { main.compactMap(\.endpoint) }

    /// Where statistics are served.
    var adminEndpoint: Endpoint? { admin?.endpoint }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for listener in main { group.addTask { try await listener.run() } }
            if let admin { group.addTask { try await admin.run() } }
            group.addTask { try await socket.run() }
            try await group.waitForAll()
        }
    }

    /// Closes listeners that never ran.
    func discard() async {
        for listener in main { await listener.discard() }
        await admin?.discard()
        await socket.discard()
    }

    private static func addresses(_ settings: Settings) async throws(StartError) -> [Endpoint] {
        guard settings.listen.isEmpty else { return settings.listen }
        return [Endpoint(hasIPv6 ? IPAddress(high: 0, low: 0) : IPAddress(ipv4: 0), 443)]
    }

    /// Whether an IPv6 wildcard leaves IPv4 alone, which it takes too unless IPv4 has a listener of its own on that port.
    static func leavesIPv4(_ endpoint: Endpoint, among endpoints: [Endpoint]) -> Bool {
        endpoints.contains { $0.address.isIPv4 && $0.address.isUnspecified && $0.port == endpoint.port }
    }

    /// Whether the host can make IPv6 sockets.
    static var hasIPv6: Bool {
        let descriptor = Glibc.socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    private static func bindOne<Child>(
        _ endpoint: Endpoint, _ flag: String, _ bind: () async throws -> Listener<Child>
    ) async throws(StartError) -> Listener<Child> {
        do {
            return try await bind()
        } catch let error as IOError where error.errnoCode == EACCES {
            throw StartError(
                .address,
                "may not listen on \(endpoint): give a port above 1023 with \(flag), or the capability CAP_NET_BIND_SERVICE")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartError(.address, "\(endpoint) is in use; stop the other program, or give another address with \(flag)")
        } catch {
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw StartError(.address, "cannot listen on \(endpoint): \(reason); give an address of this machine with \(flag)")
        }
    }

    private static func bindSocket(
        _ directory: DataDirectory, _ child: HTTP1Channel, _ connections: ConnectionTable, _ logger: Logger
    ) async throws(StartError) -> Listener<HTTP1Channel> {
        let path = directory.adminSocket
        do {
            let listener = try await Listener.bind(toPath: path, child: child, connections: connections, logger: logger)
            // The directory is its owner's alone already; this keeps it so when somebody opens the directory.
            chmod(path, 0o600)
            return listener
        } catch {
            throw StartError(.data, "cannot make the socket \(path): \(error); a path of at most 107 bytes is needed for --data")
        }
    }
}

import Coordination
import CryptoBox
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing
import Wire

@testable import Server

/// A whole server in this process: plain HTTP on loopback, a directory of its own, free ports.
struct TestServer: Sendable {
    let process: ServerProcess
    let directory: DataDirectory
    private let group: ServiceGroup

    /// Begins the shutdown, as `SIGTERM` does.
    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Runs `body` beside a server with a directory of its own, then shuts the server down in good order.
    static func run(
        _ change: (inout Settings) -> Void = { _ in }, _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        try await run(in: directory, change, body)
    }

    /// Runs `body` beside a server in a directory that other runs may share.
    static func run(
        in directory: TemporaryDirectory, loader: ConfigurationLoader? = nil, logger: Logger = quiet,
        _ change: (inout Settings) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let process = try await ServerProcess.start(settings(directory.path, change), loader: loader, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [Runner(process: process)], logger: quiet))
        let server = TestServer(process: process, directory: DataDirectory(path: directory.path), group: group)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(server)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    static func settings(_ path: String, _ change: (inout Settings) -> Void = { _ in }) -> Settings {
        var settings = Settings()
        settings.data = path
        settings.plainHTTP = true
        settings.listen = [Endpoint(IPAddress(127, 0, 0, 1), 0)]
        settings.stun.listen = [Endpoint(IPAddress(127, 0, 0, 1), 0)]
        settings.admin = Endpoint(IPAddress(127, 0, 0, 1), 0)
        settings.relay.shards = 1
        change(&settings)
        return settings
    }

    static var quiet: Logger {
        Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    }

    private struct Runner: Service {
        let process: ServerProcess

        func run() async throws {
            try await process.run(handlesSignals: false)
        }
    }

    // MARK: Requests

    private var port: UInt16 { process.startUp.listen.first?.port ?? 0 }

    /// Sends a request to the main listener.
    @discardableResult
    func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], json: String? = nil, body: [UInt8] = []
    ) async throws -> HTTPClient.Answer {
        let client = HTTPClient(target: .tcp(host: "127.0.0.1", port: Int(port), tls: false))
        let type = json == nil ? [] : [("Content-Type", "application/json")]
        return try await client.send(
            method, path, headers: type + headers, body: json.map { Array($0.utf8) } ?? body, timeout: .seconds(20),
            maximumByteCount: 1 << 24)
    }

    /// Sends a request to the operator's listener.
    func operate(_ method: String, _ path: String) async throws -> HTTPClient.Answer {
        let port = Int(process.startUp.admin?.port ?? 0)
        return try await HTTPClient(target: .tcp(host: "127.0.0.1", port: port, tls: false))
            .send(method, path, timeout: .seconds(20), maximumByteCount: 1 << 24)
    }

    /// Sends a request to the Unix socket.
    @discardableResult
    func administer(_ method: String, _ path: String, json: String? = nil) async throws -> HTTPClient.Answer {
        try await HTTPClient(target: .unixSocket(path: directory.adminSocket)).send(
            method, path, headers: json == nil ? [] : [("Content-Type", "application/json")],
            body: json.map { Array($0.utf8) } ?? [],
            timeout: .seconds(20), maximumByteCount: 1 << 24)
    }

    /// A connection on which a test says byte for byte what it wants.
    func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: Int(port)) { channel in
                channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
            }
    }

    // MARK: Nodes

    /// Makes a join key.
    func joinKey(_ wish: NewJoinKey = NewJoinKey()) async throws -> JoinKeySecret {
        let answer = try await administer(
            "POST", "/v1/admin/join-keys", json: String(decoding: try JSONEncoder().encode(wish), as: UTF8.self))
        return try #require(answer.decoded(CreatedJoinKey.self)).secret
    }

    /// Sends a registration with its proof.
    func register(
        _ node: TestNode, joinKey: JoinKeySecret?, name: String? = nil, reusing challenge: ChallengeResponse? = nil
    ) async throws -> HTTPClient.Answer {
        let challenge =
            if let challenge { challenge } else {
                try #require(try await send("POST", "/v1/challenges").decoded(ChallengeResponse.self))
            }
        let message = RegistrationRequest(
            joinKey: joinKey, nodeKey: node.nodeKey.publicKey, discoKey: node.discoKey.publicKey, name: name)
        let body = Array(try JSONEncoder().encode(message))
        var random = SystemRandomNumberGenerator()
        let proof = try Proof.seal(
            challenge.challenge, for: Proof.Request(method: "POST", path: "/v1/nodes", body: body), from: node.nodeKey,
            to: challenge.publicKey, using: &random)
        return try await send(
            "POST", "/v1/nodes", headers: [(Proof.headerName, proof), ("Content-Type", "application/json")], body: body)
    }

    /// A registered node with its token.
    func join(_ name: String, _ joinKey: JoinKeySecret? = nil) async throws -> (node: TestNode, answer: RegistrationResponse) {
        let node = TestNode()
        let key = if let joinKey { joinKey } else { try await self.joinKey() }
        let answer = try await register(node, joinKey: key, name: name)
        return (node, try #require(answer.decoded(RegistrationResponse.self), "\(answer.text)"))
    }
}

/// A directory that is gone with its value.
final class TemporaryDirectory: Sendable {
    // Short, because the path of a Unix socket in it has at most 107 bytes.
    let path = "/tmp/cw-\(UUID().uuidString.prefix(8))"

    deinit {
        // What is left in a temporary directory does no harm.
        try? FileManager.default.removeItem(atPath: path)
    }
}

struct TestNode: Sendable {
    let nodeKey: NodePrivateKey
    let discoKey: DiscoPrivateKey

    init() {
        var random = SystemRandomNumberGenerator()
        nodeKey = NodePrivateKey(using: &random)
        discoKey = DiscoPrivateKey(using: &random)
    }
}

extension RegistrationResponse {
    var authorization: (String, String) { ("Authorization", "Bearer \(token.secretText)") }
}

extension HTTPClient.Answer {
    var text: String { String(decoding: body, as: UTF8.self) }

    func decoded<Message: Decodable>(_ type: Message.Type) -> Message? {
        try? JSONDecoder().decode(type, from: Data(body))
    }

    /// The stable name of the problem that the answer tells of.
    var problem: ProblemType? { decoded(Problem.self)?.problemType }
}

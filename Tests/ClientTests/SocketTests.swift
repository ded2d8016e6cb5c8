import NIOCore
import NIOPosix
import Testing
import Traversal
import Wire

@testable import Client

/// Real sockets on loopback.
@Suite struct DirectSocketTests {
    @Test func aDatagramArrivesWithItsWay() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let (received, arrived) = AsyncStream.makeStream(of: (String, DirectPath).self)
        let left = try await DirectSocket.bind(SocketID(1), WantedSocket(family: .ipv4), on: loop) { _, _ in }
        let right = try await DirectSocket.bind(SocketID(2), WantedSocket(family: .ipv4, isForTests: true), on: loop) {
            bytes, path in
            arrived.yield((String(buffer: bytes), path))
        }
        let destination = Endpoint(IPAddress(127, 0, 0, 1), right.local.port)
        try await loop.submit { try left.send(Array("hello".utf8), to: destination, timeToLive: 3) }.get()
        let (text, path) = try #require(await received.first { _ in true })
        #expect(text == "hello")
        #expect(path == DirectPath(socket: SocketID(2), endpoint: Endpoint(IPAddress(127, 0, 0, 1), left.local.port)))
        #expect(right.local.isForTests)
        await left.close()
        await right.close()
    }

    @Test func anErrorBelongsToItsDatagramAndTheSocketLives() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let (received, arrived) = AsyncStream.makeStream(of: String.self)
        let socket = try await DirectSocket.bind(SocketID(1), WantedSocket(family: .ipv4), on: loop) { bytes, _ in
            arrived.yield(String(buffer: bytes))
        }
        // Broadcasting needs a permission that the socket has not.
        await #expect(throws: SendError.forbidden) {
            try await loop.submit { try socket.send([1], to: Endpoint(IPAddress(255, 255, 255, 255), 9)) }.get()
        }
        await #expect(throws: SendError.tooBig) {
            try await loop.submit {
                try socket.send([UInt8](repeating: 0, count: 70_000), to: Endpoint(IPAddress(127, 0, 0, 1), 9))
            }.get()
        }
        let own = Endpoint(IPAddress(127, 0, 0, 1), socket.local.port)
        try await loop.submit { try socket.send(Array("alive".utf8), to: own) }.get()
        #expect(await received.first { _ in true } == "alive")
        await socket.close()
        await #expect(throws: SendError.socketClosed) { try await loop.submit { try socket.send([1], to: own) }.get() }
    }
}

@Suite struct EndpointTests {
    @Test(arguments: ["203.0.113.7:41641", "[2001:db8::7]:443", "127.0.0.1:1"])
    func anEndpointSurvivesTheWayThroughASocketAddress(text: String) throws {
        let endpoint = try #require(Endpoint(text))
        #expect(Endpoint(socketAddress: try endpoint.socketAddress()) == endpoint)
        var cache = EndpointCache()
        for _ in 0..<2 { #expect(cache.endpoint(of: try endpoint.socketAddress()) == endpoint) }
    }

    @Test func aUnixSocketHasNoEndpoint() throws {
        #expect(Endpoint(socketAddress: try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }
}

@Suite struct ControlServerTests {
    @Test func repliesComeInOrderAndThenTheEnd() async throws {
        try await Self.withServer { request, reply in
            #expect(request == .ping(PingRequest(peer: "bob")))
            for sequence in 1...3 as ClosedRange<UInt64> {
                try await reply(
                    .pong(PingReply(peer: "bob", sequence: sequence, path: "relay", endpoint: nil, milliseconds: 1)))
            }
        } use: { control in
            var sequences: [UInt64] = []
            try await control.ping(PingRequest(peer: "bob")) { sequences.append($0.sequence) }
            #expect(sequences == [1, 2, 3])
        }
    }

    @Test func aFailureReachesTheProgram() async throws {
        let failure = NodeFailure(.noSuchPeer, "the network has no node bob")
        try await Self.withServer { _, _ in
            throw failure
        } use: { control in
            await #expect(throws: failure) { try await control.status() }
        }
    }

    @Test func hangingUpCancelsTheRequest() async throws {
        let (cancelled, source) = AsyncStream.makeStream(of: Void.self)
        try await Self.withServer { _, reply in
            try await reply(.listening("127.0.0.1:1"))
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                source.yield()
                throw error
            }
        } use: { control in
            let (listening, report) = AsyncStream.makeStream(of: String.self)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await control.forward(ForwardRequest(listen: "127.0.0.1:0", peer: "bob", port: 1)) { report.yield($0) }
                }
                #expect(await listening.first { _ in true } == "127.0.0.1:1")
                group.cancelAll()
            }
            await cancelled.first { _ in true }
        }
    }

    @Test func withoutANodeTheRemedyIsNamed() async throws {
        let folder = try TemporaryFolder()
        let control = NodeControl(state: StateDirectory(folder.path))
        let failure = await #expect(throws: NodeFailure.self) { try await control.status() }
        #expect(failure?.kind == .notRunning)
        #expect(failure?.message.contains("causeway up") == true)
    }

    private static func withServer(
        _ respond: @escaping ControlServer.Responder, use: (NodeControl) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let state = StateDirectory(folder.path)
        let server = try await ControlServer(
            path: state.controlSocketPath(), on: MultiThreadedEventLoopGroup.singleton.next())
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await server.run(respond) }
            try await use(NodeControl(state: state))
        }
    }
}

import NIOCore
import NIOPosix
import Testing
import Traversal
import Wire

@testable import Client

/// Real sockets on loopback.
@Suite struct DirectSocketTests {
    @Test func aDatagramArrivesWithItsWay() async throws {
        let left = UDPProbe()
        let right = UDPProbe()
        let source = try await left.bind(SocketID(1))
        let destination = try await right.bind(SocketID(2), WantedSocket(family: .ipv4, isForTests: true))
        #expect(destination.isForTests)
        try await left.send(Array("hello".utf8), to: Self.loopback(destination.port), timeToLive: 3)
        let input = try #require(await right.inputs.first { _ in true })
        guard case .datagram(let bytes, let path) = input else {
            Issue.record("no datagram")
            return
        }
        #expect(String(buffer: bytes) == "hello")
        #expect(path == DirectPath(socket: SocketID(2), endpoint: Self.loopback(source.port)))
        await left.close()
        await right.close()
    }

    @Test func aLongDatagramArrivesWhole() async throws {
        let probe = UDPProbe()
        let local = try await probe.bind()
        try await probe.send([UInt8](repeating: 7, count: 60_000), to: Self.loopback(local.port))
        let input = try #require(await probe.inputs.first { _ in true })
        guard case .datagram(let bytes, _) = input else {
            Issue.record("no datagram")
            return
        }
        #expect(bytes.readableBytes == 60_000)
        await probe.close()
    }

    @Test func anErrorBelongsToItsDatagramAndTheSocketLives() async throws {
        let probe = UDPProbe()
        let local = try await probe.bind()
        // Broadcasting needs a permission that the socket has not.
        await #expect(throws: SendError.forbidden) {
            try await probe.send([1], to: Endpoint(IPAddress(255, 255, 255, 255), 9))
        }
        await #expect(throws: SendError.tooBig) {
            try await probe.send([UInt8](repeating: 0, count: 70_000), to: Self.loopback(9))
        }
        try await probe.send(Array("alive".utf8), to: Self.loopback(local.port))
        #expect(await probe.texts.first { _ in true } == "alive")
        await probe.close()
        await #expect(throws: SendError.socketClosed) { try await probe.send([1], to: Self.loopback(local.port)) }
    }

    @Test(arguments: [IPAddress.Family.ipv4, .ipv6])
    func anICMPErrorNamesThePathAndHindersNoOther(family: IPAddress.Family) async throws {
        let gone = UDPProbe()
        let probe = UDPProbe()
        let port = try await gone.bind(SocketID(1), WantedSocket(family: family)).port
        await gone.close()
        let local = try await probe.bind(SocketID(2), WantedSocket(family: family))
        let address = family == .ipv4 ? IPAddress(127, 0, 0, 1) : IPAddress(high: 0, low: 1)
        try await probe.send([1], to: Endpoint(address, port))
        // The kernel tells of the error with the next call, which is about another destination.
        try await probe.send(Array("alive".utf8), to: Endpoint(address, local.port))
        var failures: [DirectPath] = []
        var texts: [String] = []
        for await input in probe.inputs {
            switch input {
            case .datagram(let bytes, _): texts.append(String(buffer: bytes))
            case .failed(let path, let error):
                #expect(error == .refused)
                failures.append(path)
            }
            if !texts.isEmpty, !failures.isEmpty { break }
        }
        #expect(texts == ["alive"])
        #expect(failures == [DirectPath(socket: SocketID(2), endpoint: Endpoint(address, port))])
        await probe.close()
    }

    private static func loopback(_ port: UInt16) -> Endpoint { Endpoint(IPAddress(127, 0, 0, 1), port) }
}

@Suite struct EndpointTests {
    @Test(arguments: ["203.0.113.7:41641", "[2001:db8::7]:443", "127.0.0.1:1"])
    func anEndpointSurvivesTheWayThroughASocketAddress(text: String) throws {
        let endpoint = try #require(Endpoint(text))
        #expect(Endpoint(socketAddress: try endpoint.socketAddress()) == endpoint)
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

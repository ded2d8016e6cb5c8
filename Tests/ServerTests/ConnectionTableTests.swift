import Hummingbird
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct ConnectionTableTests {
    @Test func oneSourceCannotTakeEveryPlace() throws {
        var places = ConnectionPlaces(
            limits: .init(total: 5, perSource: 2), shared: [try #require(AddressPrefix("198.51.100.0/24"))])
        let (one, other) = (IPAddress(192, 0, 2, 1), IPAddress(192, 0, 2, 2))
        // A proxy and this host speak for many.
        let (proxy, host) = (IPAddress(198, 51, 100, 9), IPAddress(127, 0, 0, 1))
        #expect([one, one, one, other].map { places.enter($0) } == [true, true, false, true])
        places.leave(one)
        #expect([one, one, proxy, host].map { places.enter($0) } == [true, false, true, true])
        #expect([other].map { places.enter($0) } == [false], "the places are all taken")
    }

    @Test func theHostsOfAnIPv6NetworkAreOneSource() throws {
        var places = ConnectionPlaces(limits: .init(total: 9, perSource: 2), shared: [])
        let hosts = try ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"].map { try #require(IPAddress($0)) }
        #expect(hosts.map { places.enter($0) } == [true, true, false, true])
    }

    @Test func whoSendsABodyTooSlowlyIsCutOff() async throws {
        try await Self.serve(ConnectionPace.Limits(body: .milliseconds(200))) { connect in
            try await connect().executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"))
                await #expect(throws: (any Error).self) {
                    while true {
                        try await outbound.write(ByteBuffer(string: "x"))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                do { for try await _ in inbound {} } catch {}
            }
        }
    }

    @Test func whoTakesNoAnswerIsCutOff() async throws {
        try await Self.serve(ConnectionPace.Limits(answer: .milliseconds(200))) { connect in
            try await connect().executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
                try await Task.sleep(for: .milliseconds(800))
                var count = 0
                do { for try await part in inbound { count += part.readableBytes } } catch {}
                #expect(count < Self.answerByteCount)
            }
        }
    }

    private static let answerByteCount = 16 << 20

    /// Runs an HTTP listener of this pace whose every answer is far larger than what the kernel buffers.
    private static func serve(
        _ pace: ConnectionPace.Limits,
        _ body: @escaping @Sendable (() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws -> Void
    ) async throws {
        var routes = Routes()
        routes.on(.get, "/") { _ in
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x20, count: answerByteCount)))
        }
        routes.on(.post, "/") { exchange in
            for try await _ in exchange.request.body {}
            return Response(status: .ok)
        }
        let responder = HTTPResponder(
            routes: routes, trustedProxies: [], limiter: nil, responses: ResponseCounts(), logger: TestServer.quiet)
        let connections = ConnectionTable(limits: .init(total: 8, perSource: 8))
        let listener = try await Listener.bind(
            to: Endpoint(IPAddress(127, 0, 0, 1), 0), isIPv6Only: false,
            child: ServerListeners.channel(responder, pace: pace), connections: connections, logger: TestServer.quiet)
        let port = Int(listener.endpoint?.port ?? 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            try await body {
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) {
                    channel in
                    channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
                }
            }
            group.cancelAll()
        }
    }

    @Test func aConnectionAboveTheLimitIsClosedAndLeavesNoDescriptor() async throws {
        try await TestServer.run({ $0.limits.connections = 1 }) { server in
            let first = try await server.connect()
            try await first.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"))
                var parts = inbound.makeAsyncIterator()
                #expect(try await parts.next() != nil)
                for _ in 0..<20 {
                    try await server.connect().executeThenClose { inbound, _ in
                        // A reset is an end like another.
                        do { for try await _ in inbound {} } catch {}
                    }
                }
                #expect(server.process.parts.connections.counts.refused == 20)
                #expect(server.process.parts.connections.counts.open == 1)
            }
        }
    }
}

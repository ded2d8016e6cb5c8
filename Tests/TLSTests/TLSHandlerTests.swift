import NIOCore
import NIOPosix
import TLS
import Testing
import Wire

@Suite struct TLSHandlerTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func anEchoOverSocketsAnswersEverything(version: TLSVersion) async throws {
        let server = try await EchoServer.start()
        let client = try await connect(to: server, version)
        #expect(client.established.version == version)
        #expect(client.established.relayKey == (version == .tls13 ? Fixture.relayKey : nil))
        let message = Fixture.bytes(1 << 20)
        let answer = try await client.channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: message[..<10]))
            try await outbound.write(ByteBuffer(bytes: message[10...]))
            var answer: [UInt8] = []
            for try await buffer in inbound {
                answer += buffer.readableBytesView
                if answer.count == message.count { break }
            }
            return answer
        }
        #expect(answer == message)
        try await server.stop()
    }

    @Test func whatIsWrittenBeforeTheHandshakeGoesOutAfterIt() async throws {
        let server = try await EchoServer.start()
        let peer = try Fixture.pinned
        let context = try Fixture.client()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TLSClientHandler(context: context, to: peer))
                    try channel.pipeline.syncOperations.addHandler(EarlyWriter("early"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let answer = try await channel.executeThenClose { inbound, _ in
            for try await buffer in inbound { return buffer }
            return ByteBuffer()
        }
        #expect(answer == ByteBuffer(string: "early"))
        try await server.stop()
    }

    @Test func aRefusedCertificateFailsThePromiseAndClosesTheChannel() async throws {
        let server = try await EchoServer.start()
        let wrong = try #require(CertificatePin(digest: [UInt8](repeating: 1, count: 32)))
        let peer = TLSPeer(host: "relay.example", proof: .pin(wrong))
        await #expect(throws: TLSError.certificate(.pinMismatch(expected: wrong, presented: try Fixture.pin))) {
            _ = try await connect(to: server, peer: peer)
        }
        try await server.stop()
    }

    @Test func aServerThatSaysNothingIsGivenUp() async throws {
        let silent = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(silent.localAddress?.port)
        await #expect(throws: TLSError.timedOut) { _ = try await connect(toPort: port, timeout: .milliseconds(100)) }
        try await silent.close().get()
    }

    @Test func aServerThatSpeaksNoTLSIsNamedSo() async throws {
        let plain = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(EarlyWriter("SSH-2.0-OpenSSH_9.2p1\r\n"))
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(plain.localAddress?.port)
        await #expect(throws: TLSError.notTLS) { _ = try await connect(toPort: port) }
        try await plain.close().get()
    }

    @Test func aServerThatHangsUpFailsThePromise() async throws {
        let rude = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in channel.close() }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(rude.localAddress?.port)
        await #expect(throws: (any Error).self) { _ = try await connect(toPort: port) }
        try await rude.close().get()
    }

    @Test func closingSendsCloseNotifySoThatTheEndIsClean() async throws {
        let server = try await EchoServer.start()
        let client = try await connect(to: server)
        let count = try await client.channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "quit"))
            // The server answers with its end alone.
            return try await inbound.reduce(0) { $0 + $1.readableBytes }
        }
        #expect(count == 0)
        try await server.stop()
    }

    @Test func aDetachedSessionGoesOnElsewhere() async throws {
        let server = try await EchoServer.start()
        let client = try await connect(to: server)
        try await client.channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "detach"))
            _ = try await inbound.first { _ in true }
        }
        let session = try #require(await server.detached.first { _ in true }).session
        let port = TLSPort()
        session.attach(to: port)
        try session.write([1, 2, 3])
        #expect(!port.output.isEmpty)
        port.clearOutput()
        try await server.stop()
    }

    private struct Client {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        let established: TLSEstablished
    }

    private func connect(
        to server: EchoServer, _ version: TLSVersion = .tls13, peer: TLSPeer? = nil
    ) async throws -> Client {
        try await connect(toPort: server.port, version, peer: peer)
    }

    private func connect(
        toPort port: Int, _ version: TLSVersion = .tls13, peer: TLSPeer? = nil, timeout: TimeAmount = .seconds(10)
    ) async throws -> Client {
        let context = try Fixture.client(version...version)
        let peer = try peer ?? Fixture.pinned
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let established = loop.makePromise(of: TLSEstablished.self)
        let channel = try await ClientBootstrap(group: loop).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    TLSClientHandler(context: context, to: peer, timeout: timeout, established: established))
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        do {
            return Client(channel: channel, established: try await established.futureResult.get())
        } catch {
            try await channel.executeThenClose { _, _ in }
            throw error
        }
    }
}

/// Sends everything back. "quit" ends the connection, "detach" takes the session out of the pipeline.
private struct EchoServer {
    let channel: any Channel
    let detached: AsyncStream<Detached>

    /// A session on its way between two threads: the stream orders memory.
    struct Detached: Sendable { let session: TLSSession }

    var port: Int { channel.localAddress?.port ?? 0 }

    static func start() async throws -> EchoServer {
        let context = try Fixture.server()
        let (stream, continuation) = AsyncStream.makeStream(of: Detached.self)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = TLSServerHandler(context: context)
                    try channel.pipeline.syncOperations.addHandler(tls)
                    try channel.pipeline.syncOperations.addHandler(EchoHandler(tls: tls, detached: continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return EchoServer(channel: channel, detached: stream)
    }

    func stop() async throws { try await channel.close().get() }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let tls: TLSServerHandler
    let detached: AsyncStream<EchoServer.Detached>.Continuation

    init(tls: TLSServerHandler, detached: AsyncStream<EchoServer.Detached>.Continuation) {
        self.tls = tls
        self.detached = detached
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        switch buffer {
        case ByteBuffer(string: "quit"): context.close(promise: nil)
        case ByteBuffer(string: "detach"):
            if let session = tls.detach() { detached.yield(EchoServer.Detached(session: session)) }
            context.close(promise: nil)
        default: context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

private final class EarlyWriter: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let text: String

    init(_ text: String) { self.text = text }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        context.fireChannelActive()
    }
}

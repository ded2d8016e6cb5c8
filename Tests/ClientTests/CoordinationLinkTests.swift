import Coordination
import CryptoBox
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Client

/// A server that sends without end: what is taken of it has one.
@Suite struct CoordinationLinkTests {
    private static let event = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "
    private static let line = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: "

    @Test(arguments: ["HTTP/1.1 503 Unavailable\r\n\r\n", event, line])
    func anAnswerWithoutEndIsGivenUp(head: String) async throws {
        let failure = try await Self.watch(head)
        #expect(failure?.kind == .unreachable)
        #expect(failure?.message.hasSuffix("answers with more than a node takes: check that it is a causeway-server") == true)
    }

    /// What is told of a stream of peers that begins like this and goes on without end.
    private static func watch(_ head: String) async throws -> NodeFailure? {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(EndlessAnswer(head)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ServerAddress(
            host: "127.0.0.1", port: try #require(listener.localAddress?.port), usesTLS: false, pin: nil, key: nil)
        let dialer = try ServerDialer(server: server, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        var failure: NodeFailure?
        do {
            var random = SystemRandomNumberGenerator()
            try await CoordinationLink(exchange: HTTPExchange(dialer: dialer)).watch(
                token: BearerToken(using: &random), after: nil
            ) { _, _ in }
        } catch {
            failure = dialer.explain(error) as? NodeFailure
        }
        try await listener.close()
        return failure
    }
}

/// Answers whatever comes with a head, and with bytes for as long as they are taken.
private final class EndlessAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let head: String
    private let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)

    init(_ head: String) {
        self.head = head
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
        write(context)
    }

    private func write(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(piece), promise: written)
        // The reader's end of the connection ends it.
        written.futureResult.whenSuccess { bound.value.0.write(bound.value.1) }
    }
}

@Suite struct PeerLimitTests {
    @Test func aPeerKeepsNoMoreThanTheLimits() throws {
        let candidate = PublishedCandidate(
            type: .host, endpoint: try #require(Endpoint("203.0.113.1:1")), priority: 1)
        var random = SeededGenerator(1)
        let peer = Peer(
            id: NodeID(rawValue: 1), name: String(repeating: "é\u{301}", count: 4000),
            nodeKey: NodePrivateKey(using: &random).publicKey, discoKey: DiscoPrivateKey(using: &random).publicKey,
            candidates: Array(repeating: candidate, count: 5000), lastSeen: Timestamp(milliseconds: 0))
        #expect(peer.limited.candidates.count == 64)
        #expect(peer.limited.name.unicodeScalars.count == 255)
        #expect(peer.limited.limited == peer.limited)
    }
}

@Suite struct RelayAddressTests {
    private let server = ServerAddress(host: "example.org", port: 8443, usesTLS: true, pin: "sha256-raw:00", key: nil)

    @Test(
        arguments: [
            ("https://relay.example", "https://relay.example:443", nil),
            ("https://relay.example:8443/", "https://relay.example:8443", nil),
            ("https://[2001:db8::1]:99", "https://[2001:db8::1]:99", nil),
            ("https://example.org", "https://example.org:443", "sha256-raw:00"),
        ] as [(String, String, String?)])
    func aRelayElsewhereIsReachedByItsURL(url: String, address: String, pin: String?) {
        let relay = ServerAddress(relay: url, of: server)
        #expect(relay?.url == address)
        #expect(relay?.pin == pin)
    }

    @Test(arguments: ["http://relay.example", "ftp://relay.example", "relay.example", "https://", "https://relay.example:0", ""])
    func whatIsNoSafeAddressIsRefused(url: String) {
        #expect(ServerAddress(relay: url, of: server) == nil)
    }
}

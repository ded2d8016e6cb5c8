import NIOCore
import NIOPosix
import TLS
import Testing
import Wire

@testable import Client

/// The captive-portal test against servers that are not the one expected.
@Suite struct PortalCheckTests {
    @Test func theServersOwnAnswerIsNoPortal() async throws {
        let verdict = try await Self.check { challenge in
            "HTTP/1.1 204 No Content\r\nX-Tailscale-Response: response \(challenge)\r\n\r\n"
        }
        #expect(verdict == .absent)
    }

    @Test(arguments: [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlogin",
        "HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
    ])
    func anotherAnswerIsAPortals(answer: String) async throws {
        let verdict = try await Self.check { _ in answer }
        guard case .present = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    /// What is told of an answer at port 80 of a server that itself is near, and of one that is out of reach.
    @Test(arguments: [
        ("HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\nContent-Length: 0\r\n\r\n", true, true),
        ("HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n", true, true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlogin", false, true),
        ("HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1/generate_204\r\nContent-Length: 0\r\n\r\n", false, false),
        ("HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", false, false),
    ])
    func aWebServerBesideTheServerIsNoPortal(answer: String, whenNear: Bool, whenFar: Bool) async throws {
        for (isNear, isPortal) in [(true, whenNear), (false, whenFar)] {
            let verdict = try await Self.answering({ _ in answer }) { await $0.askPlain($0.server, isServerNear: isNear) }
            #expect((verdict != nil) == isPortal)
        }
    }

    @Test func aCertificateOfSomebodyElseIsAPortals() {
        let server = ServerAddress(host: "relay.example", port: 443, usesTLS: true, pin: nil, key: nil)
        let error = TLSError.certificate(.unknownIssuer("CN=Hotel"))
        #expect(
            PortalCheck.verdict(of: error, at: server)
                == .present("https://relay.example:443 shows another certificate than the server's"))
        #expect(PortalCheck.verdict(of: TLSError.truncated, at: server) == nil)
    }

    private static func check(_ answer: @escaping @Sendable (String) -> String) async throws -> PortalCheck.Verdict {
        try await answering(answer) { await $0.run() }
    }

    /// Runs a check against a web server that answers so.
    private static func answering<Value: Sendable>(
        _ answer: @escaping @Sendable (String) -> String, _ run: (PortalCheck) async -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ChallengeReader(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ServerAddress(
            host: "127.0.0.1", port: try #require(listener.localAddress?.port), usesTLS: false, pin: nil, key: nil)
        let verdict = await run(PortalCheck(server: server, eventLoop: MultiThreadedEventLoopGroup.singleton.next()))
        try await listener.close()
        return verdict
    }
}

/// Answers a request as it is told, knowing the challenge.
private final class ChallengeReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: @Sendable (String) -> String

    init(_ answer: @escaping @Sendable (String) -> String) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let request = String(buffer: unwrapInboundIn(data))
        let line = request.split(separator: "\r\n").first { $0.hasPrefix("X-Tailscale-Challenge: ") } ?? ""
        let text = answer(String(line.dropFirst("X-Tailscale-Challenge: ".count)))
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
    }
}

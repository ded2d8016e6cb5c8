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

    @Test func aCertificateOfSomebodyElseIsAPortals() {
        let server = ServerAddress(host: "relay.example", port: 443, usesTLS: true, pin: nil, key: nil)
        let error = TLSError.certificate(.unknownIssuer("CN=Hotel"))
        #expect(
            PortalCheck.verdict(of: error, at: server)
                == .present("https://relay.example:443 shows another certificate than the server's"))
        #expect(PortalCheck.verdict(of: TLSError.truncated, at: server) == nil)
    }

    private static func check(_ answer: @escaping @Sendable (String) -> String) async throws -> PortalCheck.Verdict {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ChallengeReader(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ServerAddress(
            host: "127.0.0.1", port: try #require(listener.localAddress?.port), usesTLS: false, pin: nil, key: nil)
        let verdict = await PortalCheck(server: server, eventLoop: MultiThreadedEventLoopGroup.singleton.next()).run()
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

import NIOCore
import NIOPosix
import Testing

@testable import Client

/// Tunnels through proxies that answer this or that.
@Suite struct ProxyHandlerTests {
    @Test func aTunnelIsOpenedByAnySuccess() async throws {
        #expect(try await refusal("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n") == nil)
    }

    @Test(arguments: [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nlogin",
            "HTTP/1.1 407 Proxy Authentication Required"
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 403 Forbidden"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "SSH-2.0-OpenSSH"),
        ("HTTP/1.1 200 OK\r\n\r\nmore", "it sends more than an answer"),
        (String(repeating: "x", count: 9000), "it does not speak HTTP"),
    ])
    func aRefusalIsToldAtOnce(answer: String, reason: String) async throws {
        #expect(try await refusal(answer) == reason)
    }

    /// Why a proxy that gives this answer opens no tunnel; nil when it opens one.
    private func refusal(_ answer: String) async throws -> String? {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(OneAnswer(answer)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let (channel, isOpen) = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(to: try #require(listener.localAddress)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let isOpen = channel.eventLoop.makePromise(of: Void.self)
                    try channel.pipeline.syncOperations.addHandler(ProxyHandler(request: "CONNECT\r\n\r\n", isOpen: isOpen))
                    return (channel, isOpen.futureResult)
                }
            }
        var reason: String?
        do {
            try await isOpen.get()
        } catch ProxyFailure.refused(let told) {
            reason = told
        }
        channel.close(promise: nil)
        try await listener.close()
        return reason
    }
}

/// Answers whatever comes with one text, and leaves the connection open.
private final class OneAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let text: String

    init(_ text: String) {
        self.text = text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
    }
}

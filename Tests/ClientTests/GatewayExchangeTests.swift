import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Client
@testable import PortMapping

/// Exchanges with HTTP servers as no gateway should be.
@Suite struct GatewayExchangeTests {
    @Test func anAnswerIsParsed() async throws {
        let answer = try await Self.ask(Self.response("<root><name>box</name></root>"))
        #expect(answer == .answered(status: 200, XMLTree("root", children: [XMLTree("name", "box")])))
    }

    @Test func aFaultComesWithItsBody() async throws {
        let answer = try await Self.ask(Self.response("<fault>718</fault>", status: "500 Internal Server Error"))
        #expect(answer == .answered(status: 500, XMLTree("fault", "718")))
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let body = "HTTP/1.1 301 Moved Permanently\r\nLocation: http://127.0.0.1:9/x\r\nContent-Length: 0\r\n\r\n"
        #expect(try await Self.ask(body) == .answered(status: 301, nil))
    }

    @Test func anAnswerThatIsTooLongIsGivenUp() async throws {
        #expect(try await Self.ask(Self.response("<a>" + String(repeating: "x", count: 1 << 20) + "</a>")) == .failed)
        let endless = "HTTP/1.1 200 OK\r\n\r\n<a>" + String(repeating: "x", count: 1 << 20)
        #expect(try await Self.ask(endless) == .failed)
    }

    @Test func entitiesAreNeverExpanded() async throws {
        let entities = (1...9).map { "<!ENTITY l\($0) \"&l\($0 - 1);&l\($0 - 1);&l\($0 - 1);\">" }.joined()
        let bomb = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY l0 \"lol\">\(entities)]><l>&l9;</l>"
        #expect(try await Self.ask(Self.response(bomb)) == .answered(status: 200, nil))
        let outside = "<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>"
        #expect(try await Self.ask(Self.response(outside)) == .answered(status: 200, nil))
        // Without a declaration the entity is an error of the document.
        #expect(try await Self.ask(Self.response("<l>&x;</l>")) == .answered(status: 200, nil))
    }

    @Test(arguments: ["", "220 ftp ready\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<a/>"])
    func anAnswerThatIsNoneFails(text: String) async throws {
        #expect(try await Self.ask(text) == .failed)
    }

    @Test(.timeLimit(.minutes(1))) func aSlowAnswerIsGivenUpAtTheLimitAndNotBefore() async throws {
        let start = ContinuousClock.now
        #expect(try await Self.ask(nil) == .failed)
        let time = ContinuousClock.now - start
        #expect(time >= HTTPRequest.timeLimit - .milliseconds(100))
    }

    @Test func aClosedPortFailsAtOnce() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        #expect(try await Self.exchange(port: port) == .failed)
    }

    private static func response(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nContent-Type: text/xml\r\n\r\n\(body)"
    }

    /// Asks a server that answers with `text` and hangs up; nil never answers.
    private static func ask(_ text: String?) async throws -> HTTPAnswer {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answerer(text))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let answer = try await exchange(port: #require(listener.localAddress?.port))
        try await listener.close()
        return answer
    }

    private static func exchange(port: Int) async throws -> HTTPAnswer {
        let server = Endpoint(IPAddress(127, 0, 0, 1), UInt16(clamping: port))
        let target = try #require(HTTPTarget(server: server, path: "/desc.xml"))
        let request = HTTPRequest.description(at: target, id: RequestID(attempt: 1, call: 0))
        return await withCheckedContinuation { continuation in
            GatewayExchange.run(
                request, from: IPAddress(127, 0, 0, 1), on: MultiThreadedEventLoopGroup.singleton.next()
            ) { continuation.resume(returning: $0) }
        }
    }
}

/// Answers the first bytes that come.
private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let text: String?

    init(_ text: String?) {
        self.text = text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let text else { return }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(channel.allocator.buffer(string: text))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}

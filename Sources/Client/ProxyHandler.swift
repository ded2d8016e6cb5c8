internal import NIOCore

/// Asks a proxy for a tunnel and says when it stands; from then on it passes everything through.
final class ProxyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest answer.
    private static let maximumHeadByteCount = 8 << 10

    private let request: String
    private let isOpen: EventLoopPromise<Void>
    private var head: [UInt8] = []
    private var isDone = false

    init(request: String, isOpen: EventLoopPromise<Void>) {
        self.request = request
        self.isOpen = isOpen
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: request)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        head.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        guard let end = head.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if head.count > Self.maximumHeadByteCount { self.end(context, .refused("it does not speak HTTP")) }
            return
        }
        // A refusal may bring a page for people behind its head.
        let line = String(decoding: head.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].hasPrefix("2") else {
            return self.end(context, .refused(line))
        }
        // The server speaks only after us, and a proxy that opens a tunnel sends no body (RFC 9110 §9.3.6).
        guard end.upperBound == head.endIndex else { return self.end(context, .refused("it sends more than an answer")) }
        isDone = true
        isOpen.succeed()
    }

    /// The connection is closed, or was never made.
    func handlerRemoved(context: ChannelHandlerContext) {
        end(context, .refused("it closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isDone { context.fireErrorCaught(error) }
        end(context, .refused("\(error)"))
    }

    private func end(_ context: ChannelHandlerContext, _ failure: ProxyFailure) {
        guard !isDone else { return }
        isDone = true
        isOpen.fail(failure)
        context.close(promise: nil)
    }
}

/// The proxy did not open a tunnel.
enum ProxyFailure: Error {
    /// Its answer's first line, or what it did.
    case refused(String)
}

internal import NIOCore
internal import NIOHTTP1

/// Ends an HTTP connection whose peer sends a request, or takes an answer, more slowly than any honest one.
final class ConnectionPace: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    struct Limits: Sendable {
        /// From the end of a request's head to the end of its body: 64 KiB over the slowest mobile network.
        var body = TimeAmount.seconds(30)
        /// How long more may wait for the peer than its connection buffers: a list of 10,000 nodes has 4 MB.
        var answer = TimeAmount.seconds(120)
    }

    private let limits: Limits
    private var bodyDeadline: Scheduled<Void>?
    private var answerDeadline: Scheduled<Void>?

    init(_ limits: Limits) {
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: bodyDeadline = ending(context, in: limits.body)
        case .body: break
        case .end:
            bodyDeadline?.cancel()
            bodyDeadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        answerDeadline?.cancel()
        answerDeadline = context.channel.isWritable ? nil : ending(context, in: limits.answer)
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        bodyDeadline?.cancel()
        answerDeadline?.cancel()
    }

    private func ending(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }
}

/// Puts a `ConnectionPace` behind the decoder of requests; an HTTP channel by itself takes further handlers for its end only.
final class ConnectionPaceInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limits: ConnectionPace.Limits

    init(_ limits: ConnectionPace.Limits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ConnectionPace(limits), position: .after(decoder))
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }
}

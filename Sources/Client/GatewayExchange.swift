internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import PortMapping
internal import Wire

/// One HTTP exchange with a gateway: one connection and one request, to the target alone. Redirects and proxies are not followed.
enum GatewayExchange {
    /// Makes the exchange; `finished` is called once, on the event loop, no later than the request's timeout.
    ///
    /// - Parameter local: our address on the gateway's network, so that no other way is taken.
    static func run(
        _ request: HTTPRequest, from local: IPAddress?, on eventLoop: any EventLoop,
        finished: @escaping @Sendable (HTTPAnswer) -> Void
    ) {
        let answer = eventLoop.makePromise(of: HTTPAnswer.self)
        answer.futureResult.whenComplete { result in
            // Whatever went wrong, there is no answer.
            finished((try? result.get()) ?? .failed)
        }
        let timeLimit = TimeAmount(request.timeout)
        let opening = connect(request, from: local, timeLimit: timeLimit, on: eventLoop) { answer.succeed($0) }
        let timer = eventLoop.scheduleTask(in: timeLimit) {
            answer.succeed(.failed)
            opening.whenSuccess { $0.close(promise: nil) }
        }
        opening.whenFailure { answer.fail($0) }
        answer.futureResult.whenComplete { _ in timer.cancel() }
    }

    private static func connect(
        _ request: HTTPRequest, from local: IPAddress?, timeLimit: TimeAmount, on eventLoop: any EventLoop,
        finished: @escaping @Sendable (HTTPAnswer) -> Void
    ) -> EventLoopFuture<any Channel> {
        do {
            var bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(timeLimit)
            if let local { bootstrap = bootstrap.bind(to: try Endpoint(local, 0).socketAddress()) }
            return
                bootstrap
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(AnswerCollector(request, finished))
                    }
                }
                .connect(to: try request.target.server.socketAddress())
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}

/// Sends the request and gathers the answer, as far as it may be long.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequest
    private let finished: (HTTPAnswer) -> Void
    private var status: Int?
    private var body: [UInt8] = []

    init(_ request: HTTPRequest, _ finished: @escaping (HTTPAnswer) -> Void) {
        self.request = request
        self.finished = finished
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .RAW(value: request.method.rawValue), uri: request.target.path)
        for field in request.fields { head.headers.add(name: field.name, value: field.value) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            let body = context.channel.allocator.buffer(bytes: request.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // Interim answers (1xx) come before the one that counts.
            if head.status.code >= 200 { status = Int(head.status.code) }
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= request.byteLimit else { return end(context, .failed) }
            body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let status else { return }
            end(context, .answered(status: status, XMLDocument.parse(body)))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, .failed)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, .failed)
        context.fireChannelInactive()
    }

    private func end(_ context: ChannelHandlerContext, _ answer: HTTPAnswer) {
        finished(answer)
        context.close(promise: nil)
    }
}

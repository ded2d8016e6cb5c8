internal import Glibc
internal import Logging
internal import NIOCore
internal import Relay
internal import TLS
internal import Wire

/// Holds back a connection's first bytes until it is known what they ask for; then the connection goes to HTTP or to the relay.
///
/// It lives on its channel's event loop, behind the TLS handler. Everything about the decision happens in one call there.
final class FirstRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        /// Bytes received so far.
        case waiting([UInt8])
        case decided
    }

    private let front: FrontChannel
    private let tls: TLSServerHandler?
    private let source: Endpoint
    private let outcome: EventLoopPromise<FrontChannel.Outcome>
    private let logger: Logger
    private var state = State.waiting([])
    private var deadline: Scheduled<Void>?
    /// Whether the place of a half-open connection was given back or on.
    private var isSettled = false

    init(
        front: FrontChannel, tls: TLSServerHandler?, source: Endpoint, outcome: EventLoopPromise<FrontChannel.Outcome>,
        logger: Logger
    ) {
        self.front = front
        self.tls = tls
        self.source = source
        self.outcome = outcome
        self.logger = logger
    }

    // MARK: Life of the channel

    func handlerAdded(context: ChannelHandlerContext) {
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: front.deadline) {
            self.end(context) { $0.timeouts += 1 }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        abandon()
    }

    func channelInactive(context: ChannelHandlerContext) {
        countEnd { $0.abandoned += 1 }
        abandon()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case .waiting = state else {
            context.fireErrorCaught(error)
            return
        }
        end(context) { statistics in
            if let error = error as? TLSError {
                statistics.tlsFailures[error.reason, default: 0] += 1
            } else {
                statistics.abandoned += 1
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .waiting = state else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        switch event {
        case let established as TLSEstablished:
            front.count { statistics in
                switch established.version {
                case .tls12: statistics.handshakesTLS12 += 1
                case .tls13: statistics.handshakesTLS13 += 1
                }
                if established.isResumed { statistics.resumedHandshakes += 1 }
            }
        // Half a request will not become a whole one, and a server that stops takes no more.
        case ChannelEvent.inputClosed, is ChannelShouldQuiesceEvent:
            end(context) { $0.abandoned += 1 }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: The decision

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .waiting(var bytes) = state else {
            context.fireChannelRead(data)
            return
        }
        state = .decided  // So that the bytes have one owner and are not copied.
        bytes += unwrapInboundIn(data).readableBytesView
        switch FirstRequest.classify(bytes) {
        case .incomplete: state = .waiting(bytes)
        case .http: becomeHTTP(context, bytes)
        case .derp(let upgrade): becomeDERP(context, bytes, upgrade)
        }
    }

    /// Adds the HTTP server behind this handler, gives it all bytes, and leaves the pipeline.
    private func becomeHTTP(_ context: ChannelHandlerContext, _ bytes: [UInt8]) {
        settle()
        front.count { $0.http += 1 }
        front.setUpHTTP(context.channel, logger: logger).map { .http($0) }.cascade(to: outcome)
        context.fireChannelRead(wrapInboundOut(context.channel.allocator.buffer(bytes: bytes)))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// Takes the connection out of NIO and gives it to the relay.
    private func becomeDERP(_ context: ChannelHandlerContext, _ bytes: [UInt8], _ upgrade: FirstRequest.Upgrade) {
        guard let adoption = adoption(context, bytes, upgrade, passOn()) else {
            front.count { $0.refusedHandOffs += 1 }
            outcome.fail(FrontChannel.Refused())
            context.close(promise: nil)
            return
        }
        front.count { statistics in
            statistics.handedOff += 1
            if upgrade.webSocketKey != nil { statistics.handedOffWebSocket += 1 }
            if upgrade.isFastStart { statistics.handedOffFastStart += 1 }
        }
        // NIO leaves its epoll set and closes its descriptor inside this call, before a shard can know the connection. If it went the
        // other way round, both sets would report the same socket.
        context.close(promise: nil)
        front.handOff(adoption)
        outcome.succeed(.handedOff)
    }

    /// Everything the relay needs, around a duplicate of the descriptor; nil when the connection cannot be taken over cleanly.
    private func adoption(
        _ context: ChannelHandlerContext, _ bytes: [UInt8], _ upgrade: FirstRequest.Upgrade, _ place: LoginPlace
    ) -> Adoption? {
        let transport: Adoption.Transport
        if let tls {
            guard let session = tls.detach() else { return nil }
            transport = .tls(session)
        } else {
            transport = .plain
        }
        let unread = Array(bytes.dropFirst(upgrade.headByteCount))
        let reply = front.reply(to: upgrade)
        let origin = front.origin(of: upgrade, from: source)
        // A channel that is closed already throws: the same as one without a descriptor.
        let adoption = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable { (socket: CInt) -> Adoption? in
            let duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0)
            guard duplicate >= 0 else { return nil }
            return Adoption(
                descriptor: OwnedDescriptor(taking: duplicate), transport: transport,
                framing: upgrade.webSocketKey == nil ? .stream : .webSocket, unread: unread, reply: reply, source: origin,
                isNotIdeal: upgrade.isNotIdeal, loginPlace: place)
        }
        return adoption ?? nil
    }

    // MARK: Ends

    /// Gives the place of a half-open connection back, once.
    private func settle() {
        guard !isSettled else { return }
        _ = passOn()
    }

    /// Ends the waiting; who holds the place that it took gives it back.
    private func passOn() -> LoginPlace {
        deadline?.cancel()
        deadline = nil
        isSettled = true
        state = .decided
        return LoginPlace { [front, source] in front.settled(source) }
    }

    /// Ends a connection whose first request never came, for the reason that `count` notes.
    private func end(_ context: ChannelHandlerContext, _ count: (inout FrontStatistics) -> Void) {
        countEnd(count)
        abandon()
        context.close(promise: nil)
    }

    private func countEnd(_ count: (inout FrontStatistics) -> Void) {
        guard !isSettled else { return }
        front.count(count)
    }

    /// Ends the waiting without a verdict; does nothing after one.
    func abandon() {
        guard !isSettled else { return }
        settle()
        outcome.fail(FrontChannel.Refused())
    }
}

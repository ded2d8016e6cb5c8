internal import CryptoBox
internal import DERP
internal import NIOCore
internal import TLS
internal import Wire

/// The relay's connection behind TLS: HTTP upgrade, DERP login, then packets.
///
/// It lives on the node's event loop, which calls `send` and `deadlineReached` directly.
final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Packets that wait while the socket does not take any. The oldest goes first: a late packet is worth least.
    static let queueCapacity = 32
    /// The longest answer to the upgrade request.
    private static let maximumHeadByteCount = 8 << 10
    /// How often the relay is pinged when nothing else shows that it is there.
    private static let pingInterval = Duration.seconds(25)
    /// How long after a packet was sent the relay may be silent before it is asked whether it is there.
    private static let doubtInterval = Duration.seconds(3)
    /// How long an answer to a ping may take.
    private static let pongTimeout = Duration.seconds(5)

    /// Who logs in, and where.
    struct Login: Sendable {
        var privateKey: NodePrivateKey
        /// The key that coordination named: the relay has to prove this one.
        var relayKey: NodeKey
        /// The value of the header `Host`.
        var authority: String
        var usesTLS: Bool
    }

    private enum State {
        /// TCP or TLS is not done.
        case connecting
        /// The request is sent; these bytes of the answer have come.
        case upgrading(ClientConnection, [UInt8])
        case open(ClientConnection)
        case closed
    }

    private let login: Login
    private let report: (RelayEvent) -> Void
    private var state = State.connecting
    private var context: ChannelHandlerContext?
    private var random = SystemRandomNumberGenerator()
    private var waiting: [(destination: NodeKey, packet: [UInt8])] = []
    private var writer = ByteWriter()

    /// What ended the connection, if it was no orderly end.
    private(set) var failure: (any Error)?
    /// Packets dropped because the queue was full.
    private(set) var droppedPackets = 0
    private var lastHeard = Instant.zero
    private var lastSent = Instant.zero
    private var pingSentAt: Instant?
    private var echo: UInt64 = 0

    init(_ login: Login, report: @escaping (RelayEvent) -> Void) {
        self.login = login
        self.report = report
    }

    // MARK: - What the node calls

    /// Whether packets may be sent.
    var isReady: Bool {
        if case .open(let connection) = state { connection.isReady } else { false }
    }

    /// Sends a packet, or keeps it for later while the socket is full. Before the login it is dropped.
    func send(_ packet: [UInt8], to destination: NodeKey) {
        guard isReady, let context else { return }
        waiting.append((destination, packet))
        if waiting.count > Self.queueCapacity {
            waiting.removeFirst()
            droppedPackets += 1
        }
        drain(context)
    }

    /// When `deadlineReached` wants to be called.
    var nextDeadline: Instant? {
        switch state {
        case .connecting, .closed: return nil
        case .upgrading(let connection, _): return connection.nextDeadline
        case .open(let connection):
            guard connection.isReady else { return connection.nextDeadline }
            return pingSentAt.map { $0 + Self.pongTimeout } ?? nextPing
        }
    }

    /// Pings a quiet relay and gives up a dead one.
    func deadlineReached(at now: Instant) {
        guard let context, let nextDeadline, now >= nextDeadline else { return }
        switch state {
        case .connecting, .closed: return
        case .upgrading(var connection, let head):
            let error = connection.deadlineReached(at: now)
            state = .upgrading(connection, head)
            if let error { fail(context, .login(error)) }
        case .open(var connection):
            guard connection.isReady else {
                let error = connection.deadlineReached(at: now)
                state = .open(connection)
                if let error { fail(context, .login(error)) }
                return
            }
            if pingSentAt != nil {
                fail(context, .silent)
            } else {
                ping(context, at: now)
            }
        }
    }

    /// Asks the relay for a sign of life, as after a change of the network.
    func probe(at now: Instant) {
        guard isReady, pingSentAt == nil, let context else { return }
        ping(context, at: now)
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive, !login.usesTLS { upgrade(context, announcedKey: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if !login.usesTLS { upgrade(context, announcedKey: nil) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let established = event as? TLSEstablished { upgrade(context, announcedKey: established.relayKey) }
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closed
        waiting.removeAll()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { drain(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let now = Instant.now
        lastHeard = now
        switch state {
        case .connecting, .closed: return
        case .upgrading(let connection, var head):
            head.append(contentsOf: bytes.readableBytesView)
            state = .upgrading(connection, head)
            headReceived(context, head, connection, at: now)
        case .open(var connection):
            connection.receive(bytes.readableBytesSpan, at: now)
            state = .open(connection)
            takeEvents(context, at: now)
        }
    }

    // MARK: - Upgrade

    private func upgrade(_ context: ChannelHandlerContext, announcedKey: NodeKey?) {
        guard case .connecting = state else { return }
        let now = Instant.now
        lastHeard = now
        lastSent = now
        var connection = ClientConnection(
            login.privateKey, info: ClientInfo(applicationName: "causeway"), expectedServerKey: login.relayKey,
            announcedServerKey: announcedKey, at: now)
        writer.removeAll()
        writer.write(
            HTTPUpgrade.request(host: login.authority, userAgent: "causeway", isFastStart: announcedKey != nil))
        do throws(ClientError) {
            try connection.start(using: &random, to: &writer)
        } catch {
            fail(context, .login(error))
            return
        }
        state = announcedKey == nil ? .upgrading(connection, []) : .open(connection)
        flush(context)
    }

    private func headReceived(
        _ context: ChannelHandlerContext, _ head: [UInt8], _ connection: ClientConnection, at now: Instant
    ) {
        guard let end = head.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if head.count > Self.maximumHeadByteCount { fail(context, .noHTTP) }
            return
        }
        let line = head.prefix { $0 != UInt8(ascii: "\r") }.split(separator: UInt8(ascii: " "))
        guard line.count >= 2, line[0].starts(with: Array("HTTP/1.".utf8)),
            let status = Int(String(decoding: line[1], as: UTF8.self))
        else { return fail(context, .noHTTP) }
        guard status == 101 else { return fail(context, .upgradeRefused(status: status)) }
        var connection = connection
        connection.receive(Array(head[end.upperBound...]).bytes, at: now)
        state = .open(connection)
        takeEvents(context, at: now)
    }

    // MARK: - Frames

    private func takeEvents(_ context: ChannelHandlerContext, at now: Instant) {
        while case .open(var connection) = state {
            writer.removeAll()
            do throws(ClientError) {
                let event = try connection.nextEvent(at: now, using: &random, to: &writer)
                state = .open(connection)
                if writer.count > 0 { flush(context) }
                guard let event else { return }
                take(event, connection, context, at: now)
            } catch {
                fail(context, .login(error))
            }
        }
    }

    private func take(
        _ event: ClientConnection.Event, _ connection: ClientConnection, _ context: ChannelHandlerContext, at now: Instant
    ) {
        switch event {
        case .serverInfo:
            writer.removeAll()
            ClientFrame.writeNotePreferred(true, to: &writer)
            flush(context)
            ping(context, at: now)
            report(.ready)
        case .packet(let source, let range):
            report(.packet(from: source, Array(connection.buffer[range])))
        case .peerGone(let key, let reason):
            report(.peerGone(key, reason))
        case .pong(let number):
            guard number == echo, let sent = pingSentAt else { return }
            pingSentAt = nil
            report(.latency(now - sent))
        case .health(let text):
            report(.health(text.isEmpty ? nil : text))
        case .restarting(let delay, _):
            report(.restarting(reconnectIn: delay))
        case .keepAlive, .pinged, .peerPresent:
            break
        }
    }

    private func drain(_ context: ChannelHandlerContext) {
        guard case .open(var connection) = state else { return }
        let now = Instant.now
        writer.removeAll()
        while !waiting.isEmpty, context.channel.isWritable {
            let (destination, packet) = waiting.removeFirst()
            // A packet that the relay's rate does not allow is dropped: it would be late anyway.
            if connection.send(packet.bytes, to: destination, at: now, writer: &writer) == .rateLimited { droppedPackets += 1 }
            lastSent = now
            state = .open(connection)
            flush(context)
        }
    }

    // MARK: - Life signs

    /// A quiet relay is asked now and then, one that is silent after a packet soon.
    private var nextPing: Instant {
        lastSent > lastHeard ? lastSent + Self.doubtInterval : max(lastHeard, lastSent) + Self.pingInterval
    }

    private func ping(_ context: ChannelHandlerContext, at now: Instant) {
        echo = random.next()
        pingSentAt = now
        writer.removeAll()
        ClientFrame.writePing(echo, to: &writer)
        flush(context)
    }

    private func flush(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: writer.bytes)), promise: nil)
        writer.removeAll()
    }

    private func fail(_ context: ChannelHandlerContext, _ failure: RelayFailure) {
        state = .closed
        self.failure = failure
        report(.failed(failure))
        context.close(promise: nil)
    }
}

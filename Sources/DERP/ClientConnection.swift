package import CryptoBox
package import Wire

/// The client's side of one DERP connection behind the HTTP upgrade, over bytes in pieces of any size.
///
/// The shell calls `start`, hands over what arrives with `receive`, then takes events with `nextEvent` until there is none, and sends what was
/// appended to the writer.
/// ```
/// awaitingServerKey ──► awaitingServerInfo ──► ready ──► closed
///         (left out under fast start)
/// ```
package struct ClientConnection: Sendable {
    /// What the server said.
    package enum Event: Hashable, Sendable {
        /// The server took the login and proved its key, or changed its limits later.
        case serverInfo(ServerInfo)
        /// A packet; its data lies at that range of `buffer` until the next `receive`.
        case packet(from: NodeKey, data: Range<Int>)
        case peerGone(NodeKey, PeerGoneReason)
        /// For mesh peers; old servers leave address and flags out.
        case peerPresent(NodeKey, at: Endpoint?, PresenceFlags)
        case keepAlive
        /// A ping, which was answered by itself.
        case pinged
        case pong(UInt64)
        /// What is wrong with the connection; empty when all is well again.
        case health(String)
        case restarting(reconnectIn: Duration, tryFor: Duration)
    }

    /// What became of a packet that was to be sent.
    package enum SendResult: Hashable, Sendable {
        case sent
        /// The rate that the server asked for is used up: the packet is dropped.
        case rateLimited
        /// The login is not finished, or the connection is closed.
        case notReady
        /// Larger than a packet may be.
        case tooLong
    }

    private enum State: Sendable {
        case awaitingServerKey(deadline: Instant)
        case awaitingServerInfo(SharedSecret, deadline: Instant)
        case ready(Ready)
        case closed
    }

    private struct Ready: Sendable {
        let secret: SharedSecret
        let serverKey: NodeKey
        var sendBudget: TokenBucket?
        var pongs: TokenBucket
    }

    /// Received bytes whose frames are not all taken; packet events point into it.
    package private(set) var buffer: [UInt8] = []
    /// The server's key, once known.
    package private(set) var serverKey: NodeKey?

    private let privateKey: NodePrivateKey
    private let info: ClientInfo
    private let expectedServerKey: NodeKey?
    private let isFastStart: Bool
    private var state: State
    /// The offset in `buffer` of the next frame.
    private var offset = 0
    private var lastReceivedAt: Instant

    /// A connection whose upgrade request is sent at `now`.
    ///
    /// - Parameters:
    ///   - expectedServerKey: the only key the server may have, as coordination named it; nil takes any that it can prove.
    ///   - announcedServerKey: the key that the server's meta certificate names over TLS 1.3: the login then starts at once.
    package init(
        _ privateKey: NodePrivateKey, info: ClientInfo = ClientInfo(), expectedServerKey: NodeKey? = nil,
        announcedServerKey: NodeKey? = nil, at now: Instant
    ) {
        self.privateKey = privateKey
        self.info = info
        self.expectedServerKey = expectedServerKey
        isFastStart = announcedServerKey != nil
        serverKey = announcedServerKey
        lastReceivedAt = now
        state = .awaitingServerKey(deadline: now + Limits.loginTimeout)
    }

    /// Whether packets may be sent.
    package var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// When to call `deadlineReached`.
    package var nextDeadline: Instant? {
        switch state {
        case .awaitingServerKey(let deadline), .awaitingServerInfo(_, let deadline): deadline
        case .ready: lastReceivedAt + Limits.silenceTimeout
        case .closed: nil
        }
    }

    /// Begins the login: under fast start it appends the `clientInfo`, otherwise the server speaks first.
    package mutating func start(
        using random: inout some RandomNumberGenerator, to writer: inout ByteWriter
    ) throws(ClientError) {
        guard isFastStart, let serverKey, case .awaitingServerKey(let deadline) = state else { return }
        try logIn(to: serverKey, deadline: deadline, using: &random, to: &writer)
    }

    /// Takes bytes from the server. Events taken before lose their ranges.
    package mutating func receive(_ chunk: RawSpan, at now: Instant) {
        if chunk.byteCount > 0 { lastReceivedAt = now }
        if offset == buffer.count {
            buffer.removeAll(keepingCapacity: true)
        } else if offset > 0 {
            buffer.removeSubrange(..<offset)
        }
        offset = 0
        unsafe chunk.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }

    /// Gives the memory of taken frames back; for a connection that falls idle.
    package mutating func releaseBuffer() {
        guard offset == buffer.count else { return }
        buffer = []
        offset = 0
    }

    /// Gives up what is received and not taken, for a shell that reads the frames by itself from here on.
    package mutating func takeRest() -> [UInt8] {
        defer {
            buffer = []
            offset = 0
            state = .closed
        }
        return Array(buffer[offset...])
    }

    /// Takes the next whole frame that means something, or answers nil until more bytes come. What the server is owed is appended to the writer.
    package mutating func nextEvent(
        at now: Instant, using random: inout some RandomNumberGenerator, to writer: inout ByteWriter
    ) throws(ClientError) -> Event? {
        while let payload = try nextFrame() {
            let type = FrameType(rawValue: buffer[payload.lowerBound - FrameHeader.byteCount])
            switch state {
            case .awaitingServerKey(let deadline):
                let key = try greetingReceived(type, payload)
                try logIn(to: key, deadline: deadline, using: &random, to: &writer)
            case .awaitingServerInfo(let secret, _):
                // What comes before the server has proved its key means nothing.
                guard type == .serverInfo, let serverKey else { continue }
                return try serverInfoReceived(payload, secret, from: serverKey, at: now)
            case .ready(let ready):
                if type == .serverInfo {
                    return try serverInfoReceived(payload, ready.secret, from: ready.serverKey, at: now)
                }
                if type == .ping {
                    if pinged(payload, at: now, to: &writer) { return .pinged }
                } else if let event = event(type, payload) {
                    return event
                }
            case .closed: return nil
            }
        }
        return nil
    }

    /// Appends a packet for `destination`, unless it has to be dropped.
    package mutating func send(
        _ data: RawSpan, to destination: NodeKey, at now: Instant, writer: inout ByteWriter
    ) -> SendResult {
        guard data.byteCount <= Limits.maximumPacketCount else { return .tooLong }
        guard case .ready(var ready) = state else { return .notReady }
        if ready.sendBudget != nil {
            let count = Double(PacketLayout.prefixCount + data.byteCount)
            let isAllowed = ready.sendBudget?.take(count, at: now) ?? true
            state = .ready(ready)
            guard isAllowed else { return .rateLimited }
        }
        ClientFrame.writeSendPacket(to: destination, data, to: &writer)
        return .sent
    }

    /// Says why the connection is to be given up; nil when the deadline has moved.
    package mutating func deadlineReached(at now: Instant) -> ClientError? {
        guard let nextDeadline, now >= nextDeadline else { return nil }
        defer { state = .closed }
        return isReady ? .silentServer : .loginTimeout
    }

    // MARK: - Login

    private mutating func greetingReceived(_ type: FrameType?, _ payload: Range<Int>) throws(ClientError) -> NodeKey {
        guard type == .serverKey, payload.count <= Limits.maximumGreetingCount,
            buffer.bytes.extracting(payload).matches(ServerFrame.magic),
            let key = NodeKey(buffer.bytes.extracting(payload), at: ServerFrame.magic.count)
        else { throw fail(.badGreeting) }
        return key
    }

    private mutating func logIn(
        to key: NodeKey, deadline: Instant, using random: inout some RandomNumberGenerator, to writer: inout ByteWriter
    ) throws(ClientError) {
        guard expectedServerKey == nil || expectedServerKey == key else { throw fail(.wrongServerKey(key)) }
        let secret: SharedSecret
        do { secret = try privateKey.sharedSecret(with: key) } catch { throw fail(.lowOrderServerKey) }
        ClientFrame.writeClientInfo(info, from: privateKey.publicKey, sealedWith: secret, using: &random, to: &writer)
        serverKey = key
        state = .awaitingServerInfo(secret, deadline: deadline)
    }

    private mutating func serverInfoReceived(
        _ payload: Range<Int>, _ secret: SharedSecret, from key: NodeKey, at now: Instant
    ) throws(ClientError) -> Event {
        guard let json = secret.open(buffer.bytes.extracting(payload)) else { throw fail(.unprovenServerKey) }
        let info: ServerInfo
        do { info = try ServerInfo(json: json) } catch { throw fail(.badServerInfo) }
        var sendBudget: TokenBucket?
        if info.bytesPerSecond > 0 {
            // A server that names no burst means one second's worth.
            let burst = info.burstBytes > 0 ? info.burstBytes : info.bytesPerSecond
            sendBudget = TokenBucket(rate: Double(info.bytesPerSecond), burst: Double(burst), at: now)
        }
        let pongs = TokenBucket(rate: Limits.pongRate, burst: Limits.pongBurst, at: now)
        state = .ready(Ready(secret: secret, serverKey: key, sendBudget: sendBudget, pongs: pongs))
        return .serverInfo(info)
    }

    private mutating func fail(_ error: ClientError) -> ClientError {
        state = .closed
        return error
    }

    // MARK: - Frames

    /// Passes over the next whole frame and returns where its payload lies.
    private mutating func nextFrame() throws(ClientError) -> Range<Int>? {
        guard let header = FrameHeader(buffer.bytes, at: offset) else { return nil }
        guard header.payloadCount <= Limits.maximumServerFrameCount else { throw fail(.frameTooLong(header.payloadCount)) }
        guard header.frameCount <= buffer.count - offset else { return nil }
        let start = offset + FrameHeader.byteCount
        offset += header.frameCount
        return start..<offset
    }

    /// Reads a frame of the steady state. One that is too short or means nothing to a client is nil.
    private func event(_ type: FrameType?, _ payload: Range<Int>) -> Event? {
        let bytes = buffer.bytes.extracting(payload)
        let behindKey = NodeKey.byteCount
        switch type {
        case .receivedPacket:
            guard let source = NodeKey(bytes, at: 0) else { return nil }
            return .packet(from: source, data: payload.dropFirst(behindKey))
        case .keepAlive: return .keepAlive
        case .peerGone:
            guard let key = NodeKey(bytes, at: 0) else { return nil }
            return .peerGone(key, PeerGoneReason(code: bytes.uint8(at: behindKey) ?? 0))
        case .peerPresent:
            guard let key = NodeKey(bytes, at: 0) else { return nil }
            var reader = ByteReader(bytes, at: behindKey)
            let endpoint = try? Endpoint(from: &reader)  // An old server leaves it out.
            return .peerPresent(key, at: endpoint, PresenceFlags(rawValue: (try? reader.readUInt8()) ?? 0))  // This too.
        case .pong: return bytes.uint64(at: 0).map { .pong($0) }
        case .health: return .health(String(decoding: buffer[payload], as: UTF8.self))
        case .restarting:
            guard let delay = bytes.uint32(at: 0), let patience = bytes.uint32(at: 4) else { return nil }
            return .restarting(reconnectIn: .milliseconds(Int64(delay)), tryFor: .milliseconds(Int64(patience)))
        case .ping, .serverKey, .serverInfo, .clientInfo, .sendPacket, .notePreferred, .forwardPacket, .watchConnections,
            .closePeer,
            nil:
            return nil
        }
    }

    /// Answers a ping within the budget, and says whether it did.
    private mutating func pinged(_ payload: Range<Int>, at now: Instant, to writer: inout ByteWriter) -> Bool {
        guard let echo = buffer.bytes.extracting(payload).uint64(at: 0), case .ready(var ready) = state else { return false }
        defer { state = .ready(ready) }
        guard ready.pongs.take(at: now) else { return false }
        ClientFrame.writePong(echo, to: &writer)
        return true
    }
}

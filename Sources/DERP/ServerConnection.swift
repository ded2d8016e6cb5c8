package import CryptoBox
package import Wire

/// The server's side of one DERP connection, from its greeting to its end: it reads frames and says what to do.
///
/// The shell owns the bytes and the time: how long a login, an admission and a silence may last is its affair (`Limits` has the numbers).
/// For every frame it reads the header, asks `examine(_:)`, and when the whole payload is there, calls `receive(_:payload:at:)`.
/// Ranges in actions are offsets into that payload; no packet data is copied.
/// ```
///                 clientInfo              admitted
/// awaitingClientInfo ──► awaitingAdmission ──► ready
///        └───────────────────┴──────────────────┴──► closed
/// ```
package struct ServerConnection: Sendable {
    /// What the shell does with a frame once its header is known.
    package enum Verdict: Hashable, Sendable {
        /// Wait for the whole payload, then hand it to `receive`.
        case take
        /// Pass over the payload without keeping it, however long it is: the type is unknown here or not meant for servers.
        case skip
        /// Leave the frame where it is until admission is decided.
        case wait
        case close(CloseReason)
    }

    /// What a received frame asks the shell to do.
    package enum Action: Sendable {
        /// Decide whether the client may use the relay, then call `admit` or `refuse`.
        case askAdmission(Login)
        /// Give the data to the client with that key.
        case forward(destination: NodeKey, data: Range<Int>)
        /// Give the data of another relay's client to the client with that key, and to no third relay.
        case forwardPacket(source: NodeKey, destination: NodeKey, data: Range<Int>)
        /// Send a pong with these bytes.
        case pong(UInt64)
        /// Do not answer a ping: the client has used up its budget. For the statistics.
        case dropPing
        /// Count this server as the client's home, or no longer.
        case notePreferred(Bool)
        /// Send `peerPresent` for every client, then keep sending presence changes.
        case watchConnections
        /// Close all connections of that key.
        case closePeer(NodeKey)
        /// Nothing: a frame that servers pass over.
        case ignore
        case close(CloseReason)
    }

    /// Who logged in.
    package struct Login: Sendable {
        package let key: NodeKey
        package let info: ClientInfo
        /// Whether the client showed this relay's mesh key: it may watch, forward and close.
        package let isMeshPeer: Bool

        /// What other relays are told of this client.
        package var presence: PresenceFlags {
            if isMeshPeer { return .meshPeer }
            return info.isProber ? .prober : .regular
        }
    }

    private enum State: Sendable {
        case awaitingClientInfo(Identity)
        case awaitingAdmission(SharedSecret, isMeshPeer: Bool)
        case ready(Ready)
        case closed
    }

    /// The keys a login is checked against.
    package struct Identity: Sendable {
        package let serverKey: NodePrivateKey
        package let meshKey: MeshKey?

        package init(serverKey: NodePrivateKey, meshKey: MeshKey? = nil) {
            self.serverKey = serverKey
            self.meshKey = meshKey
        }
    }

    private struct Ready: Sendable {
        let isMeshPeer: Bool
        var pongs: TokenBucket
        var notHereReports: TokenBucket
    }

    private var state: State

    /// A connection that was upgraded; the shell sends `ServerFrame.writeServerKey` first.
    package init(_ identity: Identity) {
        state = .awaitingClientInfo(identity)
    }

    /// Judges a frame by its header alone.
    package func examine(_ header: FrameHeader) -> Verdict {
        switch state {
        case .awaitingClientInfo:
            guard header.type == .clientInfo else { return .close(.unexpectedFrame) }
            return Limits.clientInfoCount.contains(header.payloadCount) ? .take : .close(.badClientInfoSize)
        case .awaitingAdmission: return .wait
        case .ready(let ready): return Self.examine(header, isMeshPeer: ready.isMeshPeer)
        case .closed: return .skip
        }
    }

    /// Acts on a whole frame that `examine` said to take.
    package mutating func receive(_ header: FrameHeader, payload: RawSpan, at now: Instant) -> Action {
        let verdict = examine(header)
        guard verdict == .take, payload.byteCount == header.payloadCount else {
            if case .close(let reason) = verdict { return close(reason) }
            return verdict == .skip ? .ignore : close(.unexpectedFrame)
        }
        switch state {
        case .awaitingClientInfo(let identity): return clientInfoReceived(payload, identity)
        case .ready: return frameReceived(header.type, payload, at: now)
        case .awaitingAdmission, .closed: return .ignore
        }
    }

    /// The client may stay: appends the `serverInfo` frame. Without a pending question it does nothing and answers false.
    package mutating func admit(
        _ info: ServerInfo, at now: Instant, using random: inout some RandomNumberGenerator, to writer: inout ByteWriter
    ) -> Bool {
        guard case .awaitingAdmission(let secret, let isMeshPeer) = state else { return false }
        ServerFrame.writeServerInfo(info, sealedWith: secret, using: &random, to: &writer)
        state = .ready(
            Ready(
                isMeshPeer: isMeshPeer,
                pongs: TokenBucket(rate: Limits.pongRate, burst: Limits.pongBurst, at: now),
                notHereReports: TokenBucket(rate: Limits.notHereRate, burst: Limits.notHereBurst, at: now)))
        return true
    }

    /// The client may not stay.
    package mutating func refuse() -> CloseReason {
        state = .closed
        return .admissionDenied
    }

    /// Whether a `peerGone(notHere)` may go to this client now, after it sent a path probe to a key that is not connected.
    package mutating func mayReportNotHere(at now: Instant) -> Bool {
        guard case .ready(var ready) = state else { return false }
        defer { state = .ready(ready) }
        return ready.notHereReports.take(at: now)
    }

    // MARK: - Login

    private mutating func clientInfoReceived(_ payload: RawSpan, _ identity: Identity) -> Action {
        guard let key = NodeKey(payload, at: 0) else { return close(.badClientInfoSize) }
        let secret: SharedSecret
        do { secret = try identity.serverKey.sharedSecret(with: key) } catch { return close(.lowOrderKey) }
        guard let json = secret.open(payload.extracting(NodeKey.byteCount..<payload.byteCount)) else { return close(.badBox) }
        let info: ClientInfo
        do { info = try ClientInfo(json: json) } catch { return close(.badClientInfo) }
        // A wrong mesh key is no error: the client is one without privileges.
        let isMeshPeer = if let shown = info.meshKey, let own = identity.meshKey { own.matches(shown) } else { false }
        state = .awaitingAdmission(secret, isMeshPeer: isMeshPeer)
        return .askAdmission(Login(key: key, info: info, isMeshPeer: isMeshPeer))
    }

    private mutating func close(_ reason: CloseReason) -> Action {
        state = .closed
        return .close(reason)
    }

    // MARK: - Steady state

    private static func examine(_ header: FrameHeader, isMeshPeer: Bool) -> Verdict {
        let count = header.payloadCount
        switch header.type {
        case .sendPacket:
            let isValid = count >= NodeKey.byteCount && count <= NodeKey.byteCount + Limits.maximumPacketCount
            return isValid ? .take : .close(.badPacketSize)
        case .ping: return Limits.pingCount.contains(count) ? .take : .close(.badPingSize)
        case .notePreferred: return count == 1 ? .take : .close(.badNoteSize)
        case .forwardPacket:
            guard isMeshPeer else { return .close(.notMeshPeer) }
            let isValid = count >= 2 * NodeKey.byteCount && count <= 2 * NodeKey.byteCount + Limits.maximumPacketCount
            return isValid ? .take : .close(.badPacketSize)
        case .watchConnections:
            guard isMeshPeer else { return .close(.notMeshPeer) }
            return count == 0 ? .take : .close(.badMeshFrame)
        case .closePeer:
            guard isMeshPeer else { return .close(.notMeshPeer) }
            return count == NodeKey.byteCount ? .take : .close(.badMeshFrame)
        case .clientInfo, .serverKey, .serverInfo, .receivedPacket, .keepAlive, .peerGone, .peerPresent, .pong, .health,
            .restarting, nil:
            return .skip
        }
    }

    private mutating func frameReceived(_ type: FrameType?, _ payload: RawSpan, at now: Instant) -> Action {
        let first = NodeKey.byteCount
        switch type {
        case .sendPacket:
            guard let destination = NodeKey(payload, at: 0) else { return close(.badPacketSize) }
            return .forward(destination: destination, data: first..<payload.byteCount)
        case .ping:
            guard let echo = payload.uint64(at: 0) else { return close(.badPingSize) }
            return mayPong(at: now) ? .pong(echo) : .dropPing
        case .notePreferred: return .notePreferred(payload.uint8(at: 0) != 0)
        case .forwardPacket:
            guard let source = NodeKey(payload, at: 0), let destination = NodeKey(payload, at: first) else {
                return close(.badPacketSize)
            }
            return .forwardPacket(source: source, destination: destination, data: 2 * first..<payload.byteCount)
        case .watchConnections: return .watchConnections
        case .closePeer:
            guard let key = NodeKey(payload, at: 0) else { return close(.badMeshFrame) }
            return .closePeer(key)
        case .clientInfo, .serverKey, .serverInfo, .receivedPacket, .keepAlive, .peerGone, .peerPresent, .pong, .health,
            .restarting, nil:
            return .ignore
        }
    }

    private mutating func mayPong(at now: Instant) -> Bool {
        guard case .ready(var ready) = state else { return false }
        defer { state = .ready(ready) }
        return ready.pongs.take(at: now)
    }
}

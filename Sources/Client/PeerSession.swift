internal import Coordination
internal import CryptoBox
internal import Disco
internal import Noise
internal import Traversal
internal import Wire

/// One peer: its path, its encrypted session and what was exchanged with it.
///
/// It does no input or output: what is to be done comes out as `Output`s, which the node carries out in order. It belongs to the
/// node's actor.
final class PeerSession {
    /// What the node must do for this peer.
    enum Output {
        /// Send a packet over a direct path, with its own TTL if one is given.
        case direct([UInt8], DirectPath, timeToLive: UInt8?)
        /// Send a packet through the relay.
        case relay([UInt8])
        /// Take a message that the peer sent inside the encrypted session.
        case message(TunnelMessage, Origin)
        /// Confirm our own mapped endpoints, then call `setLocal`.
        case refreshLocal
        /// Ask for leave to guess ports, open sockets for it and call `birthdayBegan`, or call `birthdayRefused`.
        case beginBirthday(BirthdayPlan)
        case endBirthday(BirthdayPlan, BirthdayResult)
        /// Ask a STUN server over the socket, then call `gatewayAnswered`.
        case checkGateway(over: SocketID)
        case closeSockets([SocketID])
        case pathChanged(Path)
    }

    /// Our own keys.
    struct Identity {
        var nodeKey: NodePrivateKey
        var discoKey: DiscoPrivateKey
        /// The wall clock's time at `Instant.zero`, in nanoseconds since 1970: sessions tell fresh handshakes from old ones by it.
        var epoch: UInt64
    }

    /// What the coordination server says of the peer.
    private(set) var peer: Peer
    private let identity: Identity
    private var agent: PathAgent
    /// How the peer's IPv4 candidates are reached without IPv4.
    private var nat64: NAT64Prefix?
    private var session: Session
    /// The session's next deadline, and when it is attended to.
    private var sessionWake: (deadline: Instant, at: Instant)?
    private var discoSecret: SharedSecret?
    private var random = SystemRandomNumberGenerator()
    private var effects: [PathAgent.Effect] = []
    private var sessionEffects: [SessionEffect] = []

    private(set) var sentBytes: UInt64 = 0
    private(set) var receivedBytes: UInt64 = 0
    private(set) var droppedPackets: [DropReason: Int] = [:]
    private(set) var lastHeard: Instant?
    /// When traffic was last sent or received.
    private(set) var lastUsed: Instant?

    init(
        _ peer: Peer, identity: Identity, configuration: PathAgent.Configuration, local: LocalDescription,
        nat64: NAT64Prefix? = nil, at now: Instant
    ) {
        self.peer = peer
        self.nat64 = nat64
        self.identity = identity
        agent = PathAgent(localNode: identity.nodeKey.publicKey, configuration: configuration, at: now)
        session = Session(local: identity.nodeKey, peer: peer.nodeKey, epoch: identity.epoch, at: now)
        // A peer whose key has low order cannot be spoken to directly; the server should not have let it in.
        discoSecret = try? identity.discoKey.sharedSecret(with: peer.discoKey)
        agent.setRemoteCandidates(peer.candidates(translatedBy: nat64), behavior: peer.nat?.behavior, at: now)
        agent.setLocal(local, at: now, effects: &effects)
        effects.removeAll()
    }

    var path: Path { agent.path }
    var explanation: PathExplanation { agent.explanation }
    var probes: ProbeStatistics { agent.statistics }

    /// Whether anything was sent or received since the start.
    var isUsed: Bool { lastUsed != nil }

    // MARK: - What the node tells

    /// Takes the server's news of the peer.
    func update(_ peer: Peer, at now: Instant, outputs: inout [Output]) {
        let old = self.peer
        self.peer = peer
        if old.discoKey != peer.discoKey {
            // As in `init`.
            discoSecret = try? identity.discoKey.sharedSecret(with: peer.discoKey)
            agent.peerRestarted(at: now, effects: &effects)
        }
        if old.candidates != peer.candidates || old.nat != peer.nat {
            agent.setRemoteCandidates(peer.candidates(translatedBy: nat64), behavior: peer.nat?.behavior, at: now)
        }
        carryOut(at: now, &outputs)
    }

    /// The peer's IPv4 candidates are reached by this translator from now on; nil by none.
    func setTranslator(_ nat64: NAT64Prefix?, at now: Instant, outputs: inout [Output]) {
        self.nat64 = nat64
        agent.setRemoteCandidates(peer.candidates(translatedBy: nat64), behavior: peer.nat?.behavior, at: now)
        carryOut(at: now, &outputs)
    }

    func setLocal(_ local: LocalDescription, at now: Instant, outputs: inout [Output]) {
        agent.setLocal(local, at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    func networkChanged(at now: Instant, outputs: inout [Output]) {
        agent.networkChanged(at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    func relayChanged(isReachable: Bool, at now: Instant, outputs: inout [Output]) {
        agent.relayChanged(isReachable: isReachable, at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    func sendFailed(over path: DirectPath, _ error: SendError, at now: Instant, outputs: inout [Output]) {
        agent.sendFailed(over: path, error, at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    /// Guessing ports was agreed to, over these sockets.
    func birthdayBegan(over sockets: [SocketID], at now: Instant, outputs: inout [Output]) {
        agent.birthdayBegan(over: sockets, at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    func birthdayRefused(at now: Instant) {
        agent.birthdayRefused(at: now)
    }

    /// A server has answered over a socket that was opened to guess ports.
    func gatewayAnswered(over socket: SocketID, at now: Instant) {
        agent.gatewayAnswered(over: socket, at: now)
    }

    /// Gives back what was taken for this peer alone: the node forgets it.
    func close(at now: Instant, outputs: inout [Output]) {
        agent.close(at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    /// Looks for a direct path without waiting for the back-off.
    func retry(at now: Instant) {
        agent.retry(at: now)
    }

    // MARK: - Traffic

    /// Sends a message in the encrypted session; the session is opened first where it is not.
    ///
    /// With `way` it takes that way, whatever the path engine prefers: an answer goes back as the question came.
    func send(_ message: TunnelMessage, over way: Origin? = nil, at now: Instant, outputs: inout [Output]) {
        lastUsed = now
        sentBytes += UInt64(message.payloadByteCount)
        session.send(message.encoded.bytes, at: now, using: &random, effects: &sessionEffects)
        carryOut(from: nil, sendingOver: way, at: now, &outputs)
    }

    /// Takes a packet of the encrypted session, which may be anybody's.
    func receive(_ packet: RawSpan, from origin: Origin, at now: Instant, outputs: inout [Output]) {
        session.receive(packet, at: now, using: &random, effects: &sessionEffects)
        // A handshake is answered on its way, and what waited for its end follows it: that way has just worked.
        let isHandshake = Noise.Packet(parsing: packet)?.isHandshake ?? false
        carryOut(from: origin, sendingOver: isHandshake ? origin : nil, at: now, &outputs)
    }

    /// Takes an initiation that was opened to find out whose it is.
    func receive(_ initiation: ReceivedInitiation, from origin: Origin, at now: Instant, outputs: inout [Output]) {
        session.receive(initiation, at: now, using: &random, effects: &sessionEffects)
        carryOut(from: origin, sendingOver: origin, at: now, &outputs)
    }

    /// Whether a packet with this receiver index is for this session.
    func isAddressed(by index: UInt32) -> Bool { session.isAddressed(by: index) }

    /// Takes a packet that looks like disco and claims to come from this peer.
    func receiveDisco(
        _ packet: RawSpan, from origin: Origin, at now: Instant, allowance: inout ProbeAllowance, outputs: inout [Output]
    ) {
        guard let discoSecret, let message = Disco.Message(opening: packet, with: discoSecret) else { return }
        lastHeard = now
        // What the messages before this one made due goes first, above all the probes that a call-me-maybe asked for.
        if let deadline = agent.nextDeadline, deadline <= now {
            agent.deadlineReached(at: now, allowance: &allowance, using: &random, effects: &effects)
        }
        agent.receive(message.translated(by: nat64), from: origin, at: now, effects: &effects)
        carryOut(at: now, &outputs)
    }

    // MARK: - Time

    var nextDeadline: Instant? { earliest(agent.nextDeadline, sessionWake?.at) }

    /// Timers of sessions that are far off fire on multiples of this, as path agents' do: many peers share a wake-up.
    private static let grid = Duration.milliseconds(250)
    /// Nearer ones fire when they are due.
    private static let farOff = Duration.seconds(1)

    /// Notes when the session is to be woken, once for each deadline that it sets.
    private func rearmSession(at now: Instant) {
        guard let deadline = session.nextDeadline else {
            sessionWake = nil
            return
        }
        guard deadline != sessionWake?.deadline else { return }
        let beyond = deadline.nanoseconds % Self.grid.nanoseconds
        let isShared = deadline - now >= Self.farOff && beyond > 0
        sessionWake = (deadline, isShared ? deadline + (Self.grid - .nanoseconds(beyond)) : deadline)
    }

    /// - Parameter allowance: what the node may send to addresses that have not answered, whichever peer named them.
    func deadlineReached(at now: Instant, allowance: inout ProbeAllowance, outputs: inout [Output]) {
        if let deadline = session.nextDeadline, deadline <= now {
            session.deadlineReached(at: now, using: &random, effects: &sessionEffects)
            carryOut(from: nil, at: now, &outputs)
        }
        if let deadline = agent.nextDeadline, deadline <= now {
            agent.deadlineReached(at: now, allowance: &allowance, using: &random, effects: &effects)
            carryOut(at: now, &outputs)
        }
    }

    // MARK: - Details

    /// Carries out what the encrypted session wants; `origin` is where the packet came from that made it want that.
    private func carryOut(
        from origin: Origin?, sendingOver way: Origin? = nil, at now: Instant, _ outputs: inout [Output]
    ) {
        rearmSession(at: now)
        for effect in sessionEffects {
            switch effect {
            case .transmit(let packet):
                send(packet, over: way, at: now, &outputs)
            case .deliver(let payload):
                guard let origin else { continue }
                lastUsed = now
                lastHeard = now
                agent.trafficReceived(from: origin, at: now)
                guard let message = TunnelMessage(parsing: payload.bytes) else { continue }
                receivedBytes += UInt64(message.payloadByteCount)
                outputs.append(.message(message, origin))
            case .established:
                lastHeard = now
            case .handshakeFailed:
                break
            case .dropped(let reason):
                droppedPackets[reason, default: 0] += 1
            }
        }
        sessionEffects.removeAll(keepingCapacity: true)
    }

    private func send(_ packet: [UInt8], over way: Origin?, at now: Instant, _ outputs: inout [Output]) {
        switch (way, agent.trafficSent(packet.count, at: now)) {
        case (.relay, _), (nil, .relay):
            outputs.append(.relay(packet))
        case (.direct(let path), _), (nil, .direct(let path)):
            outputs.append(.direct(packet, path, timeToLive: nil))
        case (nil, .both(let path)):
            outputs.append(.direct(packet, path, timeToLive: nil))
            outputs.append(.relay(packet))
        }
    }

    private func carryOut(at now: Instant, _ outputs: inout [Output]) {
        for effect in effects {
            switch effect {
            case .sendDirect(let message, let path, let timeToLive):
                guard let packet = seal(message) else { continue }
                outputs.append(.direct(packet, path, timeToLive: timeToLive))
            case .sendViaRelay(let message):
                guard let packet = seal(message) else { continue }
                outputs.append(.relay(packet))
            case .refreshLocal:
                outputs.append(.refreshLocal)
            case .beginBirthday(let plan):
                outputs.append(.beginBirthday(plan))
            case .endBirthday(let plan, let result):
                outputs.append(.endBirthday(plan, result))
            case .checkGateway(let socket):
                outputs.append(.checkGateway(over: socket))
            case .closeSockets(let sockets):
                outputs.append(.closeSockets(sockets))
            case .pathChanged(let path):
                outputs.append(.pathChanged(path))
            }
        }
        effects.removeAll(keepingCapacity: true)
    }

    private func seal(_ message: Disco.Message) -> [UInt8]? {
        discoSecret.map { message.seal(from: identity.discoKey.publicKey, with: $0, using: &random) }
    }
}

/// The earlier of two moments that may be missing.
func earliest(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}

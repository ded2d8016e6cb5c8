internal import Coordination
internal import Disco
internal import Logging
internal import NIOCore
internal import STUN
internal import Traversal
internal import Wire

/// The node's own UDP side: its sockets, and the machine that knows how the world sees them.
struct DirectSide {
    var agent: LocalAgent
    let configuration: PathAgent.Configuration
    var sockets: [SocketID: DirectSocket] = [:]
    /// The machine's interfaces when they were last looked at.
    var interfaces: [NetworkInterface] = []
    /// Whose disco key it is.
    var discoKeys: [DiscoKey: NodeKey] = [:]
    /// Where STUN answers: what the server named, and the address that it was reached by.
    var servers: [Endpoint] = []
    /// Handshakes from unknown paths that may be opened.
    var initiations = TokenBucket(rate: 100, burst: 200, at: .now)
    var random = SystemRandomNumberGenerator()

    init(allowsLoopback: Bool) {
        configuration = PathAgent.Configuration(allowsLoopback: allowsLoopback)
        agent = LocalAgent(configuration: configuration, at: .now)
    }

    /// Takes a STUN message.
    mutating func receive(_ bytes: RawSpan, over path: DirectPath, at now: Instant, effects: inout [LocalAgent.Effect]) {
        agent.receive(bytes, from: path.endpoint, over: path.socket, at: now, using: &random, effects: &effects)
    }

    /// Does what is due.
    mutating func deadlineReached(at now: Instant, effects: inout [LocalAgent.Effect]) {
        agent.deadlineReached(at: now, using: &random, effects: &effects)
    }

    /// The kind of a datagram, by its first bytes alone.
    enum Datagram {
        case stun
        case disco
        case session
    }

    static func classify(_ bytes: RawSpan) -> Datagram {
        if Packet.looksLikeDisco(bytes) { return .disco }
        return STUN.Message.looksLikeSTUN(bytes) ? .stun : .session
    }
}

extension LocalNode {
    /// How long news of the network is gathered before it is looked at.
    private static let settlingTime = Duration.milliseconds(100)

    /// Binds a socket for traffic and one for tests for each family that the machine has. Without any, the relay carries everything.
    func bindSockets() async {
        let wanted: [(family: IPAddress.Family, isForTests: Bool)] = [
            (.ipv4, false), (.ipv6, false), (.ipv4, true), (.ipv6, true),
        ]
        for (number, (family, isForTests)) in wanted.enumerated() {
            let id = SocketID(UInt16(number))
            do {
                direct.sockets[id] = try await DirectSocket.bind(
                    id, family: family, isForTests: isForTests, on: eventLoop
                ) { bytes, path in
                    self.assumeIsolated { $0.datagramReceived(bytes, over: path) }
                }
            } catch {
                log.info("no UDP socket", metadata: ["family": "\(family)", "reason": "\(error)"])
            }
        }
        lookAtNetwork()
    }

    /// Gives sockets and interfaces to the local machine, and everything else that depends on them, if they are not what they were.
    func lookAtNetwork() {
        let now = Instant.now
        let interfaces = NetworkInterface.all()
        guard interfaces != direct.interfaces else { return }
        let isFirst = direct.interfaces.isEmpty
        direct.interfaces = interfaces
        var effects: [LocalAgent.Effect] = []
        direct.agent.setNetwork(
            sockets: direct.sockets.values.map(\.local).sorted { $0.id < $1.id }, interfaces: interfaces, at: now,
            effects: &effects)
        carryOut(effects, at: now)
        guard !isFirst else { return }
        log.info("the network changed")
        relay.networkChanged(addresses: Set(interfaces.flatMap(\.addresses)), at: now)
        coordination.restartStream?.yield()
        armTimer(for: relay.nextDeadline)
        for session in peers.values {
            act(on: session) { $0.networkChanged(at: now, outputs: &$1) }
        }
    }

    /// Hears of changes of links, addresses and routes until cancelled.
    func watchNetwork() async throws {
        let (news, source) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let channel: any Channel
        do {
            channel = try await RouteWatcher.open(on: eventLoop) { source.yield() }
        } catch {
            // Without it a change is noticed when something does not answer any more.
            log.info("changes of the network are not reported", metadata: ["reason": "\(error)"])
            return
        }
        for await _ in news {
            // One change is many messages.
            try await Task.sleep(for: Self.settlingTime)
            lookAtNetwork()
        }
        try await channel.close()
    }

    /// Adds the address by which the server was reached to the STUN servers.
    func learnServerAddress(_ address: IPAddress?) {
        guard let description = coordination.server else { return }
        var servers = description.stun.endpoints
        if let address {
            let reached = Endpoint(address, description.stun.port)
            if !servers.contains(reached) { servers.append(reached) }
        }
        if let alternate = description.stun.alternate { servers.append(alternate) }
        guard servers != direct.servers else { return }
        direct.servers = servers
        state.stunServers = servers
        save()
        let now = Instant.now
        direct.agent.setServers(servers, at: now)
        localDeadlineReached(at: now)
    }

    private func datagramReceived(_ bytes: ByteBuffer, over path: DirectPath) {
        let now = Instant.now
        switch DirectSide.classify(bytes.readableBytesSpan) {
        case .stun:
            var effects: [LocalAgent.Effect] = []
            direct.receive(bytes.readableBytesSpan, over: path, at: now, effects: &effects)
            carryOut(effects, at: now)
        case .disco:
            guard let sender = Packet.sender(of: bytes.readableBytesSpan),
                let session = direct.discoKeys[sender].flatMap({ peers[$0] })
            else { return }
            act(on: session) { $0.receiveDisco(bytes.readableBytesSpan, from: .direct(path), at: now, outputs: &$1) }
        case .session:
            sessionPacketReceived(bytes.readableBytesSpan, over: path, at: now)
        }
    }

    /// Gives the local machine its due.
    func localDeadlineReached(at now: Instant) {
        var effects: [LocalAgent.Effect] = []
        direct.deadlineReached(at: now, effects: &effects)
        carryOut(effects, at: now)
    }

    /// Confirms our mapped endpoints; the sessions hear of it when that is done.
    func refreshLocal(at now: Instant) {
        var effects: [LocalAgent.Effect] = []
        direct.agent.refresh(at: now, effects: &effects)
        carryOut(effects, at: now)
    }

    private func carryOut(_ effects: [LocalAgent.Effect], at now: Instant) {
        for effect in effects {
            switch effect {
            case .sendSTUN(let bytes, let server, let socket):
                // A request that cannot be sent is one without an answer, which the machine knows how to take.
                try? direct.sockets[socket]?.send(bytes, to: server)
            case .descriptionChanged(let description):
                publish()
                setLocal(description, at: now)
            case .descriptionConfirmed(let description):
                setLocal(description, at: now)
            }
        }
        armTimer(for: direct.agent.nextDeadline)
    }

    private func setLocal(_ description: LocalDescription, at now: Instant) {
        for session in peers.values {
            act(on: session) { $0.setLocal(description, at: now, outputs: &$1) }
        }
    }
}

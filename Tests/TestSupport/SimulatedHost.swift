internal import CryptoBox
internal import Disco
internal import STUN
package import Traversal
package import Wire

/// A host that runs the real engine: it does for it what the client's shell does, in virtual time.
package final class SimulatedHost {
    package struct Interface {
        package var network: SimulatedNetwork
        package var addresses: [IPAddress]
        package let index: UInt32
        package var isUp = true
    }

    package let name: String
    package let nodeKey: NodeKey
    package private(set) var interfaces: [Interface]
    package let relayDelay: Duration
    /// Whether the relay link is up.
    package private(set) var hasRelay = true
    package private(set) var local: LocalAgent
    package private(set) var peers: [NodeKey: SimulatedPeer] = [:]
    /// How often the timer fired.
    package private(set) var wakeUps = 0
    /// Every direct disco packet sent: to where and when, with its TTL.
    package private(set) var probes: [(to: Endpoint, at: Instant, timeToLive: UInt8?)] = []
    /// Whether paths may be ignored by the filter that drops everything this host sends to an address.
    package var unreachable: Set<IPAddress> = []

    private unowned let internet: SimulatedInternet
    private let configuration: PathAgent.Configuration
    private var sockets: [(socket: LocalSocket, interface: Int)] = []
    private var nextSocket: UInt16 = 1
    private var random: SeededGenerator
    private var generation: UInt64 = 0
    private var armedFor: Instant?
    private var lastPublished = LocalDescription()
    private var wakeUpsAtOneTime = 0
    private var lastWakeUp = Instant(nanoseconds: -1)

    init(
        name: String, internet: SimulatedInternet, interfaces: [(network: SimulatedNetwork, addresses: [IPAddress])],
        relayDelay: Duration, configuration: PathAgent.Configuration, seed: UInt64
    ) {
        self.name = name
        self.internet = internet
        self.relayDelay = relayDelay
        self.configuration = configuration
        random = SeededGenerator(seed)
        nodeKey = NodePrivateKey(using: &random).publicKey
        local = LocalAgent(configuration: configuration, at: internet.now)
        self.interfaces = interfaces.enumerated().map {
            Interface(network: $1.network, addresses: $1.addresses, index: UInt32($0 + 1))
        }
        for interface in self.interfaces { attach(interface) }
    }

    // MARK: Life

    /// Starts: opens sockets and asks the STUN servers.
    package func start() {
        local.setServers(internet.server.endpoints, at: internet.now)
        openSockets()
        reportNetwork()
        arm()
    }

    func meet(_ other: SimulatedHost) {
        peers[other.nodeKey] = SimulatedPeer(
            host: other, agent: PathAgent(localNode: nodeKey, configuration: configuration, at: internet.now))
        withAgent(other.nodeKey) { agent, now, effects in agent.setLocal(local.description, at: now, effects: &effects) }
        internet.publish(lastPublished, of: self, to: other)
    }

    func peerPublished(_ description: LocalDescription, _ key: NodeKey) {
        withAgent(key) { agent, now, _ in
            agent.setRemoteCandidates(description.candidates, behavior: description.behavior, at: now)
        }
        arm()
    }

    /// Sends one data packet to a peer, by the way that the engine says. Answers the way.
    @discardableResult
    package func send(to peer: SimulatedHost, byteCount: Int = 200) -> Route {
        guard var entry = peers[peer.nodeKey] else { return .relay }
        let route = entry.agent.trafficSent(byteCount, at: internet.now)
        let payload = SimulatedPacket.Payload.data(entry.sent, from: nodeKey, byteCount: byteCount)
        entry.sent += 1
        peers[peer.nodeKey] = entry
        local.setInUse(true, at: internet.now)
        switch route {
        case .relay: internet.relay(payload, from: self, to: peer)
        case .direct(let path): transmit(payload, over: path)
        case .both(let path):
            internet.relay(payload, from: self, to: peer)
            transmit(payload, over: path)
        }
        arm()
        return route
    }

    // MARK: Changes of the network

    /// Moves an interface into another network: roaming.
    package func move(_ position: Int = 0, to network: SimulatedNetwork, addresses: [IPAddress]) {
        detach(interfaces[position])
        interfaces[position].network = network
        interfaces[position].addresses = addresses
        attach(interfaces[position])
        networkChanged()
    }

    /// Takes an interface down or up, and the kernel reports it.
    package func setInterface(_ position: Int, isUp: Bool) {
        interfaces[position].isUp = isUp
        if isUp { attach(interfaces[position]) } else { detach(interfaces[position]) }
        networkChanged()
    }

    package func setRelay(isUp: Bool) {
        hasRelay = isUp
        for key in peers.keys.sorted() {
            withAgent(key) { agent, now, effects in agent.relayChanged(isReachable: isUp, at: now, effects: &effects) }
        }
        arm()
    }

    private func networkChanged() {
        openSockets()
        reportNetwork()
        for key in peers.keys.sorted() {
            withAgent(key) { agent, now, effects in agent.networkChanged(at: now, effects: &effects) }
        }
        arm()
    }

    private func attach(_ interface: Interface) {
        for address in interface.addresses { interface.network.attachments[address] = .host(self) }
    }

    private func detach(_ interface: Interface) {
        for address in interface.addresses { interface.network.attachments[address] = nil }
    }

    private func openSockets() {
        let isMultihomed = interfaces.count > 1
        sockets.removeAll { !interfaces[$0.interface].isUp }
        for (position, interface) in interfaces.enumerated() where interface.isUp {
            for family in [IPAddress.Family.ipv4, .ipv6] {
                let known = sockets.contains { $0.interface == position && $0.socket.family == family }
                guard !known, interface.addresses.contains(where: { $0.family == family }) else { continue }
                open(family, on: position, isBound: isMultihomed, isForTests: false)
                if family == .ipv4 { open(family, on: position, isBound: isMultihomed, isForTests: true) }
            }
        }
    }

    private func open(_ family: IPAddress.Family, on position: Int, isBound: Bool, isForTests: Bool) {
        let socket = LocalSocket(
            id: SocketID(nextSocket), family: family, port: UInt16.random(in: 40_000...60_000, using: &random),
            interfaceIndex: isBound ? interfaces[position].index : nil, isForTests: isForTests)
        nextSocket += 1
        sockets.append((socket, position))
    }

    private func reportNetwork() {
        let reported = interfaces.filter(\.isUp).map { interface in
            NetworkInterface(
                name: "eth\(interface.index)", index: interface.index, role: .uplink, addresses: interface.addresses,
                isDefaultRoute: interface.index == 1)
        }
        var effects: [LocalAgent.Effect] = []
        local.setNetwork(sockets: sockets.map(\.socket), interfaces: reported, at: internet.now, effects: &effects)
        carryOut(effects)
    }

    // MARK: Datagrams

    func receive(_ packet: SimulatedPacket, in network: SimulatedNetwork) {
        guard
            let (socket, _) = sockets.first(where: {
                $0.socket.port == packet.destination.port && $0.socket.family == packet.destination.address.family
                    && interfaces[$0.interface].network === network
            })
        else { return }
        let origin = Origin.direct(DirectPath(socket: socket.id, endpoint: packet.source))
        switch packet.payload {
        case .stun(let bytes):
            var effects: [LocalAgent.Effect] = []
            local.receive(
                bytes.bytes, from: packet.source, over: socket.id, at: internet.now, using: &random, effects: &effects)
            carryOut(effects)
        case .disco(let message, let key):
            withAgent(key) { agent, now, effects in agent.receive(message, from: origin, at: now, effects: &effects) }
        case .data(let counter, let key, _): deliver(counter, from: key, origin: origin)
        }
        arm()
    }

    func receiveRelayed(_ payload: SimulatedPacket.Payload, from key: NodeKey) {
        switch payload {
        case .stun: return
        case .disco(let message, _):
            withAgent(key) { agent, now, effects in agent.receive(message, from: .relay, at: now, effects: &effects) }
        case .data(let counter, _, _): deliver(counter, from: key, origin: .relay)
        }
        arm()
    }

    /// An ICMP port unreachable came for a datagram on this path.
    package func refused(_ path: DirectPath) {
        for key in peers.keys.sorted() {
            withAgent(key) { agent, now, effects in agent.sendFailed(over: path, .refused, at: now, effects: &effects) }
        }
        arm()
    }

    private func deliver(_ counter: UInt64, from key: NodeKey, origin: Origin) {
        guard var peer = peers[key] else { return }
        if peer.window.accept(counter) {
            peer.delivered[counter] = internet.now
            switch origin {
            case .relay: break
            case .direct: peer.deliveredDirectly += 1
            }
        } else {
            peer.duplicates += 1
        }
        peer.agent.trafficReceived(from: origin, at: internet.now)
        peers[key] = peer
    }

    private func transmit(_ payload: SimulatedPacket.Payload, over path: DirectPath, timeToLive: UInt8? = nil) {
        guard let (socket, position) = sockets.first(where: { $0.socket.id == path.socket }) else { return }
        let interface = interfaces[position]
        guard let address = interface.addresses.first(where: { $0.family == socket.family }),
            !interface.addresses.contains(path.endpoint.address)
        else { return }
        if unreachable.contains(path.endpoint.address) {
            internet.after(.zero) { [self] in
                for key in peers.keys.sorted() {
                    withAgent(key) { agent, now, effects in
                        agent.sendFailed(over: path, .unreachable, at: now, effects: &effects)
                    }
                }
                arm()
            }
            return
        }
        internet.send(
            SimulatedPacket(
                source: Endpoint(address, socket.port), destination: path.endpoint, payload: payload,
                timeToLive: timeToLive ?? 64, sender: self, path: path), into: interface.network)
    }

    // MARK: The engine's shell

    private func withAgent(
        _ key: NodeKey, _ body: (inout PathAgent, Instant, inout [PathAgent.Effect]) -> Void
    ) {
        guard var peer = peers[key] else { return }
        var effects: [PathAgent.Effect] = []
        body(&peer.agent, internet.now, &effects)
        peers[key] = peer
        carryOut(effects, for: key)
    }

    private func carryOut(_ effects: [PathAgent.Effect], for key: NodeKey) {
        for effect in effects {
            guard let peer = peers[key] else { return }
            switch effect {
            case .sendDirect(let message, let path, let timeToLive):
                probes.append((path.endpoint, internet.now, timeToLive))
                transmit(.disco(message, from: nodeKey), over: path, timeToLive: timeToLive)
            case .sendViaRelay(let message): internet.relay(.disco(message, from: nodeKey), from: self, to: peer.host)
            case .refreshLocal:
                var effects: [LocalAgent.Effect] = []
                local.refresh(at: internet.now, effects: &effects)
                carryOut(effects)
            case .pathChanged(let path): peers[key]?.changes.append((internet.now, path))
            }
        }
    }

    private func carryOut(_ effects: [LocalAgent.Effect]) {
        for effect in effects {
            switch effect {
            case .sendSTUN(let bytes, let destination, let socket):
                transmit(.stun(bytes), over: DirectPath(socket: socket, endpoint: destination))
            case .descriptionChanged(let description):
                lastPublished = description
                for key in peers.keys.sorted() {
                    if let peer = peers[key] { internet.publish(description, of: self, to: peer.host) }
                    withAgent(key) { agent, now, effects in agent.setLocal(description, at: now, effects: &effects) }
                }
            case .descriptionConfirmed(let description):
                for key in peers.keys.sorted() {
                    withAgent(key) { agent, now, effects in agent.setLocal(description, at: now, effects: &effects) }
                }
            }
        }
    }

    /// The timer fired.
    func wake(generation: UInt64) {
        guard generation == self.generation else { return }
        armedFor = nil
        wakeUps += 1
        wakeUpsAtOneTime = lastWakeUp == internet.now ? wakeUpsAtOneTime + 1 : 0
        lastWakeUp = internet.now
        precondition(wakeUpsAtOneTime < 1000, "the engine asks for the same instant again and again")
        if let deadline = local.nextDeadline, deadline <= internet.now {
            var effects: [LocalAgent.Effect] = []
            local.deadlineReached(at: internet.now, using: &random, effects: &effects)
            carryOut(effects)
        }
        for key in peers.keys.sorted() {
            guard let deadline = peers[key]?.agent.nextDeadline, deadline <= internet.now else { continue }
            var generator = random
            withAgent(key) { agent, now, effects in
                agent.deadlineReached(at: now, using: &generator, effects: &effects)
            }
            random = generator
        }
        arm()
    }

    private func arm() {
        var earliest = local.nextDeadline
        for peer in peers.values {
            guard let deadline = peer.agent.nextDeadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        guard let earliest else {
            generation += 1
            armedFor = nil
            return
        }
        guard armedFor != earliest else { return }
        armedFor = earliest
        generation += 1
        internet.scheduleWake(self, generation: generation, at: earliest)
    }
}

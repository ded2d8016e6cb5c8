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
    package internal(set) var local: LocalAgent
    package internal(set) var peers: [NodeKey: SimulatedPeer] = [:]
    /// How often the timer fired.
    package internal(set) var wakeUps = 0
    /// Every direct disco packet sent: to where and when, with its TTL.
    package internal(set) var probes: [(to: Endpoint, at: Instant, timeToLive: UInt8?)] = []
    /// Probes that left behind the call-me-maybe which announced them.
    package internal(set) var lateProbes = 0
    /// Pings sent directly to all peers.
    package var pingsSent: Int { peers.values.reduce(0) { $0 + $1.agent.statistics.pingsSent } }
    /// Addresses to which the kernel refuses to send.
    package var unreachable: Set<IPAddress> = []

    unowned let internet: SimulatedInternet
    let configuration: PathAgent.Configuration
    var sockets: [(socket: LocalSocket, interface: Int)] = []
    var nextSocket: UInt16 = 1
    /// Sockets opened to guess ports with, closed ones too.
    private(set) var extraSockets: Set<SocketID> = []
    var allowance = BirthdayAllowance()
    var probeAllowance: ProbeAllowance
    /// The sockets open now, with those opened to guess ports.
    package var socketCount: Int { sockets.count }
    var random: SeededGenerator
    var generation: UInt64 = 0
    var armedFor: Instant?
    var lastPublished = LocalDescription()
    var wakeUpsAtOneTime = 0
    var lastWakeUp = Instant(nanoseconds: -1)

    init(
        name: String, internet: SimulatedInternet, interfaces: [(network: SimulatedNetwork, addresses: [IPAddress])],
        relayDelay: Duration, configuration: PathAgent.Configuration, seed: UInt64
    ) {
        self.name = name
        self.internet = internet
        self.relayDelay = relayDelay
        self.configuration = configuration
        random = SeededGenerator(seed)
        probeAllowance = ProbeAllowance(at: internet.now)
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

    /// Opens sockets to guess ports with. They are not told to the local machine.
    func openSockets(_ count: Int, like model: SocketID) -> [SocketID] {
        guard let like = sockets.first(where: { $0.socket.id == model }) else { return [] }
        var ports = Set(sockets.map(\.socket.port))
        return (0..<count).map { _ in
            var socket = like.socket
            while !ports.insert(socket.port).inserted { socket.port = UInt16.random(in: 20_000...60_000, using: &random) }
            socket.id = SocketID(nextSocket)
            nextSocket += 1
            extraSockets.insert(socket.id)
            sockets.append((socket, like.interface))
            return socket.id
        }
    }

    private func reportNetwork() {
        let reported = interfaces.filter(\.isUp).map { interface in
            NetworkInterface(
                name: "eth\(interface.index)", index: interface.index, role: .uplink, addresses: interface.addresses,
                isDefaultRoute: interface.index == 1)
        }
        var effects: [LocalAgent.Effect] = []
        local.setNetwork(
            sockets: sockets.map(\.socket).filter { !extraSockets.contains($0.id) }, interfaces: reported, at: internet.now,
            effects: &effects)
        carryOut(effects)
    }
}

internal import Disco
internal import STUN
package import Traversal
package import Wire

/// A simulated Internet in virtual time: the same seed and the same calls give the same run.
package final class SimulatedInternet {
    enum Event {
        case arrival(SimulatedPacket, SimulatedNetwork)
        case relayed(SimulatedPacket.Payload, to: SimulatedHost, from: NodeKey)
        case wake(SimulatedHost, generation: UInt64)
        case action(() -> Void)
    }

    package private(set) var now = Instant.zero
    package let core: SimulatedNetwork
    package let server: SimulatedServer
    package private(set) var hosts: [SimulatedHost] = []
    package private(set) var gateways: [SimulatedGateway] = []
    var random: SeededGenerator
    private var events = EventQueue<Event>()
    private var seeds: SeededGenerator
    /// Told of every packet that arrives, for tests that look into a run.
    package var trace: ((String) -> Void)?

    /// - Parameter coreDelay: one-way time across the Internet.
    package init(seed: UInt64 = 1, coreDelay: Duration = .milliseconds(10)) {
        random = SeededGenerator(seed)
        seeds = SeededGenerator(seed ^ 0x5eed)
        core = SimulatedNetwork("Internet", delay: coreDelay, hops: 3)
        let addresses = [
            ServerAddresses(
                primary: Endpoint(IPAddress(198, 51, 100, 1), 3478), alternate: Endpoint(IPAddress(198, 51, 100, 2), 3479)),
            ServerAddresses(
                primary: Endpoint(IPAddress(high: 0x2001_0db8_ffff_0000, low: 1), 3478),
                alternate: Endpoint(IPAddress(high: 0x2001_0db8_ffff_0000, low: 2), 3479)),
        ].compactMap { $0 }
        server = SimulatedServer(addresses: addresses)
        for address in addresses.flatMap(\.sockets).map(\.address) { core.attachments[address] = .server(server) }
    }

    // MARK: Building

    /// Puts a gateway with a network behind it into `outer`.
    ///
    /// - Parameters:
    ///   - kind: how it translates IPv4; nil routes.
    ///   - prefix: addresses behind it that are routed to it: IPv6, or IPv4 without translation.
    ///   - filtering: the firewall for routed addresses.
    package func gateway(
        _ name: String, in outer: SimulatedNetwork, outerAddress: IPAddress? = nil, kind: NATKind? = nil,
        prefix: (IPAddress, Int)? = nil, filtering: NATKind.Dependence? = .addressAndPortDependent,
        delay: Duration = .milliseconds(1)
    ) -> SimulatedGateway {
        let inner = SimulatedNetwork(name, delay: delay)
        let gateway = SimulatedGateway(
            name: name, inner: inner, outer: outer, outerAddress: outerAddress, kind: kind, filtering: filtering,
            seed: seeds.next())
        inner.uplink = gateway
        if let outerAddress { outer.attachments[outerAddress] = .gateway(gateway) }
        if let prefix { route(prefix, to: gateway) }
        gateways.append(gateway)
        return gateway
    }

    /// Routes a prefix to a gateway from all networks above it.
    package func route(_ prefix: (IPAddress, Int), to gateway: SimulatedGateway) {
        var gateway: SimulatedGateway? = gateway
        while let step = gateway {
            step.outer.routes.append((prefix.0.prefix(prefix.1), prefix.1, step))
            gateway = step.outer.uplink
        }
    }

    /// Adds a host that runs the engine.
    ///
    /// - Parameter relayDelay: one-way time to the relay.
    package func host(
        _ name: String, interfaces: [(network: SimulatedNetwork, addresses: [IPAddress])],
        relayDelay: Duration = .milliseconds(10), configuration: PathAgent.Configuration = .standard
    ) -> SimulatedHost {
        let host = SimulatedHost(
            name: name, internet: self, interfaces: interfaces, relayDelay: relayDelay, configuration: configuration,
            seed: seeds.next())
        hosts.append(host)
        return host
    }

    /// Lets two hosts know each other: each learns what the other publishes.
    package func introduce(_ left: SimulatedHost, _ right: SimulatedHost) {
        left.meet(right)
        right.meet(left)
    }

    /// Lets go of everything, which holds each other: for tests that make many.
    package func dismantle() {
        events = EventQueue()
        for network in [core] + gateways.map(\.inner) {
            network.attachments = [:]
            network.routes = []
            network.uplink = nil
        }
        (hosts, gateways) = ([], [])
    }

    // MARK: Running

    /// Runs until `time`, or until `condition` holds. Answers whether it came to hold.
    @discardableResult
    package func run(until time: Instant, or condition: () -> Bool = { false }) -> Bool {
        while let next = events.nextTime, next <= time {
            guard let (at, event) = events.next() else { break }
            now = at
            switch event {
            case .arrival(let packet, let network): arrived(packet, in: network)
            case .relayed(let payload, let host, let source):
                trace?("relay > \(host.name): \(payload.summary)")
                host.receiveRelayed(payload, from: source)
            case .wake(let host, let generation): host.wake(generation: generation)
            case .action(let action): action()
            }
            if condition() { return true }
        }
        now = max(now, time)
        return condition()
    }

    package func run(for duration: Duration) {
        run(until: now + duration)
    }

    /// Does something at a later time.
    package func after(_ duration: Duration, _ action: @escaping () -> Void) {
        events.schedule(.action(action), at: now + duration)
    }

    func scheduleWake(_ host: SimulatedHost, generation: UInt64, at time: Instant) {
        events.schedule(.wake(host, generation: generation), at: max(time, now))
    }

    // MARK: Packets

    /// A host sends: no router has touched the packet yet.
    func send(_ packet: SimulatedPacket, into network: SimulatedNetwork) {
        carry(packet, through: network)
    }

    /// A router passes a packet on.
    func forward(_ packet: SimulatedPacket, into network: SimulatedNetwork) {
        var packet = packet
        guard packet.timeToLive > 1 else { return }
        packet.timeToLive -= 1
        carry(packet, through: network)
    }

    private func carry(_ packet: SimulatedPacket, through network: SimulatedNetwork) {
        guard network.isUp, packet.payload.byteCount <= network.largestPayload else { return }
        if network.loss > 0, Double.random(in: 0..<1, using: &random) < network.loss { return }
        var packet = packet
        guard packet.timeToLive > network.hops else { return }
        packet.timeToLive -= network.hops
        var delay = network.delay
        if network.jitter > .zero {
            delay += .nanoseconds(Int64.random(in: 0...network.jitter.nanoseconds, using: &random))
        }
        events.schedule(.arrival(packet, network), at: now + delay)
    }

    private func arrived(_ packet: SimulatedPacket, in network: SimulatedNetwork) {
        trace?("\(packet.source) > \(packet.destination) in \(network.name), ttl \(packet.timeToLive): \(packet.payload.summary)")
        switch network.attachments[packet.destination.address] {
        case .host(let host): host.receive(packet, in: network)
        case .gateway(let gateway): gateway.inbound(packet, in: self)
        case .server(let server): server.receive(packet, in: self)
        case .bystander(let bystander): bystander.receive(packet)
        case nil:
            if let gateway = network.route(to: packet.destination.address) {
                gateway.inbound(packet, in: self)
            } else {
                network.uplink?.outbound(packet, in: self)
            }
        }
    }

    /// An ICMP port unreachable goes back to the packet's sender.
    func refuse(_ packet: SimulatedPacket) {
        guard let sender = packet.sender, let path = packet.path else { return }
        after(core.delay) { sender.refused(path) }
    }

    /// Carries a message through the relay, which keeps the order.
    func relay(_ payload: SimulatedPacket.Payload, from source: SimulatedHost, to destination: SimulatedHost) {
        guard source.hasRelay, destination.hasRelay else { return }
        events.schedule(
            .relayed(payload, to: destination, from: source.nodeKey), at: now + source.relayDelay + destination.relayDelay)
    }

    /// Carries a published description to a peer, by way of the coordination server.
    func publish(_ description: LocalDescription, of source: SimulatedHost, to destination: SimulatedHost) {
        after(source.relayDelay + destination.relayDelay) { destination.peerPublished(description, source.nodeKey) }
    }
}

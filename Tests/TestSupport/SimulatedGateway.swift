internal import Traversal
package import Wire

/// A router between an inner and an outer network: a NAT for IPv4, a stateful firewall for what it does not translate.
package final class SimulatedGateway {
    package let name: String
    package let inner: SimulatedNetwork
    package let outer: SimulatedNetwork
    /// The outer IPv4 address; nil when the gateway translates nothing.
    package let outerAddress: IPAddress?
    package let kind: NATKind?
    /// What the firewall lets in for addresses that are not translated; nil lets everything in.
    package var filtering: NATKind.Dependence?
    package var blocksUDP = false
    /// Cut in one direction only.
    package var dropsOutbound = false
    package var dropsInbound = false
    private var table: TranslationTable?
    /// Inside endpoint → whom it wrote to, when.
    private var opened: [Endpoint: [Endpoint: Instant]] = [:]
    /// How long the firewall remembers.
    package var firewallMemory: Duration = .seconds(60)

    init(
        name: String, inner: SimulatedNetwork, outer: SimulatedNetwork, outerAddress: IPAddress?, kind: NATKind?,
        filtering: NATKind.Dependence?, seed: UInt64
    ) {
        self.name = name
        self.inner = inner
        self.outer = outer
        self.outerAddress = outerAddress
        self.kind = kind
        self.filtering = filtering
        table = kind.map { TranslationTable(kind: $0, seed: seed) }
    }

    /// The most connections that its table held at once.
    package var largestConnectionCount: Int { table?.largestCount ?? 0 }
    /// Packets of new connections that found its table full.
    package var dropCount: Int { table?.dropCount ?? 0 }

    /// A restart: mappings and connections are forgotten.
    package func restart() {
        table?.removeAll()
        opened = [:]
    }

    /// Takes a packet from the inner network.
    func outbound(_ packet: SimulatedPacket, in internet: SimulatedInternet) {
        // What would not be passed on for its TTL makes no mapping either.
        guard !blocksUDP, !dropsOutbound, packet.timeToLive > 1 else { return }
        var packet = packet
        let now = internet.now
        guard packet.destination.address.isIPv4, let outerAddress else {
            opened[packet.source, default: [:]][packet.destination] = now
            internet.forward(packet, into: outer)
            return
        }
        let isHairpin = packet.destination.address == outerAddress
        guard !isHairpin || kind?.hairpins == true else { return }
        guard let port = table?.outbound(from: packet.source, to: packet.destination, at: now) else { return }
        packet.source = Endpoint(outerAddress, port)
        if isHairpin { inbound(packet, in: internet) } else { internet.forward(packet, into: outer) }
    }

    /// Takes a packet from the outer network.
    func inbound(_ packet: SimulatedPacket, in internet: SimulatedInternet) {
        guard !blocksUDP, !dropsInbound else { return }
        var packet = packet
        if packet.destination.address == outerAddress {
            guard let inside = table?.inbound(from: packet.source, toPort: packet.destination.port, at: internet.now) else {
                if kind?.rejectsStrays == true { internet.refuse(packet) }
                return
            }
            packet.destination = inside
        } else if let filtering {
            let now = internet.now
            let contacted = opened[packet.destination, default: [:]].filter { now - $0.value <= firewallMemory }
            guard contacted.keys.contains(where: { filtering.identifies($0, packet.source) }) else { return }
        }
        internet.forward(packet, into: inner)
    }
}

internal import Traversal
package import Wire

/// A random Internet with two hosts in it: carriers, homes, NATs of all kinds, several uplinks, IPv6, blocked UDP.
package struct RandomTopology {
    package let internet: SimulatedInternet
    package let alice: SimulatedHost
    package let bob: SimulatedHost
    /// Homes that a host may move to, with a free address in each.
    package let homes: [(network: SimulatedNetwork, address: IPAddress)]
    /// What was built, for the message of a failed test.
    package let summary: String

    /// A network that a host may be in, with what its addresses look like.
    private struct Place {
        let network: SimulatedNetwork
        let name: String
        let ipv4Prefix: UInt32
        let ipv6Prefix: UInt64?
    }

    package init(seed: UInt64) {
        var random = SeededGenerator(seed &* 0x9e37 &+ 77)
        internet = SimulatedInternet(seed: seed, coreDelay: .milliseconds(Int64.random(in: 2...60, using: &random)))
        let core = Place(network: internet.core, name: "core", ipv4Prefix: 0xcb00_7200, ipv6Prefix: 0x2001_0db8_00ff_0000)
        var builder = Builder(internet: internet, random: random)
        var places: [Place] = [core]
        for _ in 0..<Int.random(in: 0...2, using: &builder.random) {
            places.append(builder.place(in: places[Int.random(in: 0..<places.count, using: &builder.random)], isCarrier: true))
        }
        let carriers = places
        func home() -> Place {
            builder.place(in: carriers[Int.random(in: 0..<carriers.count, using: &builder.random)], isCarrier: false)
        }
        let homes = (0..<4).map { _ in home() }
        alice = builder.host("alice", among: homes, carriers)
        bob = builder.host("bob", among: homes, carriers)
        self.homes = homes.map { ($0.network, IPAddress(ipv4: $0.ipv4Prefix | 200)) }
        summary = "seed \(seed):" + builder.summary
    }

    /// The state of building.
    private struct Builder {
        let internet: SimulatedInternet
        var random: SeededGenerator
        var summary = ""
        private var nextCarrier: UInt32 = 0x6440_0002
        private var nextLAN: UInt32 = 0xc0a8_0100
        private var nextHost: UInt32 = 10
        private var nextIPv6: UInt64 = 0x2001_0db8_0001_0000

        init(internet: SimulatedInternet, random: SeededGenerator) {
            self.internet = internet
            self.random = random
        }

        mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

        mutating func kind(isCarrier: Bool) -> NATKind {
            let all: [NATKind.Dependence] = [.endpointIndependent, .addressDependent, .addressAndPortDependent]
            let mapping = chance(60) ? .endpointIndependent : all[Int.random(in: 0..<3, using: &random)]
            let filtering = chance(50) ? .addressAndPortDependent : all[Int.random(in: 0..<3, using: &random)]
            let allocation: NATKind.Allocation =
                mapping == .endpointIndependent && chance(40)
                ? .preserving : chance(30) ? .sequential(step: UInt16.random(in: 1...4, using: &random)) : .random
            // A router that sends packets back in does not take them for its own, nor does a carrier's.
            let hairpins = chance(35)
            return NATKind(
                mapping: mapping, filtering: filtering, allocation: allocation,
                lifetime: .seconds(Int64.random(in: 30...180, using: &random)), hairpins: hairpins,
                isSpoiltByStrays: !hairpins && !isCarrier && chance(30), rejectsStrays: chance(20))
        }

        /// A network behind a gateway in `outer`.
        mutating func place(in outer: Place, isCarrier: Bool) -> Place {
            let isTranslating = chance(isCarrier ? 70 : 85)
            var ipv6: UInt64?
            if outer.ipv6Prefix != nil, chance(45) {
                ipv6 = nextIPv6
                nextIPv6 += 0x1_0000
            }
            let delay = Duration.milliseconds(Int64.random(in: 1...8, using: &random))
            let dependences: [NATKind.Dependence?] = [nil, .endpointIndependent, .addressDependent, .addressAndPortDependent]
            let filtering = chance(60) ? .addressAndPortDependent : dependences[Int.random(in: 0..<4, using: &random)]
            let name = (isCarrier ? "carrier" : "home") + "\(nextHost)"
            nextHost += 1
            let gateway: SimulatedGateway
            let prefix: UInt32
            if isTranslating {
                let address = address(in: outer)
                // Homes often use the same addresses; carriers of one Internet do not here.
                prefix = isCarrier ? nextCarrier & 0xffff_ff00 : chance(40) ? 0xc0a8_0100 : nextLAN
                nextCarrier += 0x1_0000
                nextLAN += 0x100
                let kind = kind(isCarrier: isCarrier)
                gateway = internet.gateway(
                    name, in: outer.network, outerAddress: address, kind: kind, filtering: filtering, delay: delay)
                summary += " \(name)[\(kind) \(kind.allocation)]<\(outer.name)"
            } else {
                prefix = 0xc612_0000 + nextHost << 8
                // Routed addresses must be public all the way: behind a carrier's NAT they are only the carrier's own.
                gateway = internet.gateway(
                    name, in: outer.network, prefix: (IPAddress(ipv4: prefix), 24), filtering: filtering, delay: delay)
                summary += " \(name)[routed \(filtering.map(\.abbreviation) ?? "open")]<\(outer.name)"
            }
            if let ipv6 {
                internet.route((IPAddress(high: ipv6, low: 0), 48), to: gateway)
                summary += "+6"
            }
            if chance(isCarrier ? 2 : 6) {
                gateway.blocksUDP = true
                summary += " blocked"
            }
            return Place(network: gateway.inner, name: name, ipv4Prefix: prefix, ipv6Prefix: ipv6)
        }

        mutating func host(_ name: String, among homes: [Place], _ carriers: [Place]) -> SimulatedHost {
            var interfaces: [(network: SimulatedNetwork, addresses: [IPAddress])] = []
            summary += "; \(name) in"
            for _ in 0..<(chance(20) ? 2 : 1) {
                let place =
                    chance(80)
                    ? homes[Int.random(in: 0..<homes.count, using: &random)]
                    : carriers[Int.random(in: 0..<carriers.count, using: &random)]
                guard !interfaces.contains(where: { $0.network === place.network }) else { continue }
                var addresses = [address(in: place)]
                if let ipv6 = place.ipv6Prefix {
                    addresses.append(IPAddress(high: ipv6, low: UInt64(nextHost)))
                    nextHost += 1
                }
                interfaces.append((place.network, addresses))
                summary += " \(place.name)(\(addresses))"
            }
            return internet.host(
                name, interfaces: interfaces, relayDelay: .milliseconds(Int64.random(in: 2...60, using: &random)))
        }

        private mutating func address(in place: Place) -> IPAddress {
            var low: UInt32 = 2
            while place.network.attachments[IPAddress(ipv4: place.ipv4Prefix | low)] != nil { low += 1 }
            return IPAddress(ipv4: place.ipv4Prefix | low)
        }
    }
}

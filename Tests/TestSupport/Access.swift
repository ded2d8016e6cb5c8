package import Traversal
internal import Wire

/// How a host of the grid is connected: one row of the table.
package enum Access: Hashable, Sendable {
    /// A public IPv4 address, nothing in between.
    case open
    /// A public IPv4 address behind a stateful firewall.
    case firewall
    case nat(NATKind)
    /// A home router behind a carrier's NAT.
    case carrier(home: NATKind, carrier: NATKind)
    /// No UDP leaves or enters.
    case blocked
    /// IPv6 behind a stateful firewall, and IPv4 behind a NAT.
    case dualStack(NATKind)

    /// The rows of the grid.
    package static let all: [Access] =
        [.open, .firewall]
        + [.endpointIndependent, .addressDependent, .addressAndPortDependent].flatMap { mapping in
            [.endpointIndependent, .addressDependent, .addressAndPortDependent].map { filtering in
                Access.nat(NATKind(mapping: mapping, filtering: filtering))
            }
        } + [
            .nat(NATKind(allocation: .preserving)),
            .nat(NATKind(allocation: .preserving, isSpoiltByStrays: true)),
            .nat(NATKind(rejectsStrays: true)),
            .carrier(home: NATKind(), carrier: NATKind()),
            .carrier(home: NATKind(), carrier: NATKind(mapping: .addressAndPortDependent)),
            .dualStack(NATKind(mapping: .addressAndPortDependent)),
            .blocked,
        ]

    /// The row's name.
    package var name: String {
        switch self {
        case .open: "open"
        case .firewall: "firewall"
        case .nat(let kind):
            switch kind.allocation {
            case .random: "\(kind)"
            case .preserving: "\(kind) keeps ports"
            case .sequential(let step): "\(kind) +\(step)"
            case .block(_, let count): "\(kind) of \(count)"
            }
        case .carrier(_, let carrier): "CGNAT \(carrier)"
        case .dualStack(let kind): "IPv6 + \(kind)"
        case .blocked: "UDP blocked"
        }
    }

    /// Builds the access and a host behind it.
    ///
    /// - Parameter number: 1 to 200, different for each host of one Internet.
    package func host(
        _ name: String, number: UInt8, in internet: SimulatedInternet, relayDelay: Duration = .milliseconds(10),
        configuration: PathAgent.Configuration = .standard
    ) -> SimulatedHost {
        let publicAddress = IPAddress(203, 0, 113, number)
        let privateAddress = IPAddress(192, 168, number, 2)
        let ipv6 = IPAddress(high: 0x2001_0db8_0000_0000 | UInt64(number) << 16, low: 2)
        func host(_ network: SimulatedNetwork, _ addresses: IPAddress...) -> SimulatedHost {
            internet.host(
                name, interfaces: [(network, addresses)], relayDelay: relayDelay, configuration: configuration)
        }
        switch self {
        case .open: return host(internet.core, publicAddress)
        case .firewall:
            let gateway = internet.gateway(name, in: internet.core, prefix: (publicAddress, 32))
            return host(gateway.inner, publicAddress)
        case .nat(let kind):
            let gateway = internet.gateway(name, in: internet.core, outerAddress: publicAddress, kind: kind)
            return host(gateway.inner, privateAddress)
        case .carrier(let home, let carrier):
            let outer = internet.gateway(
                name + "'s carrier", in: internet.core, outerAddress: publicAddress, kind: carrier, delay: .milliseconds(3))
            let inner = internet.gateway(name, in: outer.inner, outerAddress: IPAddress(100, 64, number, 9), kind: home)
            return host(inner.inner, privateAddress)
        case .dualStack(let kind):
            let gateway = internet.gateway(
                name, in: internet.core, outerAddress: publicAddress, kind: kind, prefix: (ipv6.prefix(64), 64))
            return host(gateway.inner, privateAddress, ipv6)
        case .blocked:
            let gateway = internet.gateway(name, in: internet.core, outerAddress: publicAddress, kind: NATKind())
            gateway.blocksUDP = true
            return host(gateway.inner, privateAddress)
        }
    }
}

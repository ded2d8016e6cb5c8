package import Wire

/// A network interface of this host as the operating system reports it.
package struct NetworkInterface: Hashable, Sendable {
    /// What an interface is for, as far as candidates care.
    package enum Role: Sendable, CaseIterable {
        /// Reaches other hosts: its addresses are candidates.
        case uplink
        /// The loopback interface: a candidate only when nothing else is there and the configuration allows it.
        case loopback
        /// A tunnel (ours or another), or a bridge to containers and virtual machines: never a candidate, because a
        /// path through it would lead back through us, or to the same address on the peer's side.
        case inner
    }

    package var name: String
    package var index: UInt32
    package var role: Role
    package var addresses: [IPAddress]
    /// Whether the default route of some family leaves by it.
    package var isDefaultRoute: Bool

    package init(name: String, index: UInt32, role: Role, addresses: [IPAddress], isDefaultRoute: Bool = false) {
        self.name = name
        self.index = index
        self.role = role
        self.addresses = addresses
        self.isDefaultRoute = isDefaultRoute
    }

    /// Guesses the role from the interface's name, for shells that know no better.
    package static func role(named name: String, isLoopback: Bool, isPointToPoint: Bool) -> Role {
        if isLoopback { return .loopback }
        let prefixes = [
            "docker", "br-", "virbr", "veth", "cni", "flannel", "cali", "lxc", "lxd", "podman", "vmnet", "vnet", "kube",
            "tun", "tap", "wg", "utun", "zt", "tailscale", "nebula", "ipsec", "gre", "sit", "ip6tnl", "dummy",
        ]
        return isPointToPoint && !name.hasPrefix("ppp") || prefixes.contains { name.hasPrefix($0) } ? .inner : .uplink
    }
}

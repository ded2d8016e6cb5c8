package import Wire

/// The way out of one address family: whom to ask for a mapping, and for which port of ours.
package struct Route: Hashable, Sendable {
    /// The next hop of the default route; for IPv6 a link-local address, whose interface the shell knows.
    package var gateway: IPAddress
    /// Our address on that interface, from which everything is sent.
    package var local: IPAddress
    /// The UDP port that the mapping leads to.
    package var internalPort: UInt16

    package init(gateway: IPAddress, local: IPAddress, internalPort: UInt16) {
        self.gateway = gateway.canonical
        self.local = local.canonical
        self.internalPort = internalPort
    }

    /// The protocols worth trying: UPnP and NAT-PMP know only IPv4.
    var methods: [MappingMethod] { local.isIPv4 ? [.pcp, .natPMP, .upnp] : [.pcp] }

    /// Whether to ask at all. A gateway with a public IPv4 address is the provider's router and translates nothing; an IPv6
    /// address that is not global needs no pinhole.
    var isMappable: Bool {
        guard gateway.family == local.family, gateway.isUnicast, local.isUnicast, internalPort != 0, !gateway.isLoopback,
            !local.isLoopback, gateway != local
        else { return false }
        if local.isIPv4 { return gateway.isPrivate || gateway.isSharedAddressSpace || gateway.isLinkLocal }
        return !local.isLinkLocal && !local.isPrivate
    }
}

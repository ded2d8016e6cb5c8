package import Wire

extension Endpoint {
    /// Whether a peer or a server may make us send probes there.
    ///
    /// A peer could name a victim: loopback, link-local, multicast, broadcast and unspecified addresses are refused in every
    /// disguise (IPv4 inside IPv6), and so is port 0. Private addresses are allowed: they are how two hosts of one LAN meet.
    /// IPv6 link-local is refused because it means nothing without a scope.
    package func isProbeable(allowingLoopback: Bool = false) -> Bool {
        guard port != 0 else { return false }
        let address = address.canonical
        guard address.isProbeable(allowingLoopback: allowingLoopback) else { return false }
        guard let inner = address.embeddedIPv4 else { return true }
        return inner.isProbeable(allowingLoopback: allowingLoopback)
    }
}

extension IPAddress {
    fileprivate func isProbeable(allowingLoopback: Bool) -> Bool {
        isUnicast && !isLinkLocal && (allowingLoopback || !isLoopback)
    }
}

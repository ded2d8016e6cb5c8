package import Wire

/// The protocol by which a gateway is asked for a mapping.
package enum MappingMethod: CaseIterable, Sendable {
    /// Port Control Protocol (RFC 6887): asked first where it is spoken, because its answers carry our nonce.
    case pcp
    /// NAT Port Mapping Protocol (RFC 6886).
    case natPMP
    /// UPnP Internet Gateway Device 1 or 2.
    case upnp
}

/// A UDP port of the gateway that leads to one of ours, until told otherwise.
package struct Mapping: Hashable, Sendable {
    package var method: MappingMethod
    /// Where packets go that are meant for us.
    package var external: Endpoint
    /// The port of ours where they arrive.
    package var internalPort: UInt16
    package var scope: ExternalScope

    package init(method: MappingMethod, external: Endpoint, internalPort: UInt16) {
        self.method = method
        self.external = external
        self.internalPort = internalPort
        scope = ExternalScope(external.address)
    }
}

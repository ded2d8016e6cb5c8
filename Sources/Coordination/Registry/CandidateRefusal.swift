package import Wire

/// Why a candidate is refused: a list of candidates makes other nodes send packets, so it may not name just any address.
package enum CandidateRefusal: String, CaseIterable, Sendable {
    case loopback = "is a loopback address"
    case linkLocal = "is a link-local address"
    case multicast = "is a multicast or broadcast address"
    case unspecified = "is an unspecified address"
    case portZero = "has the port 0"

    /// What is wrong with an endpoint as a candidate, whatever disguise (IPv4 inside IPv6) its address wears; nil for nothing.
    package init?(judging endpoint: Endpoint, allowsLoopback: Bool) {
        guard endpoint.port != 0 else {
            self = .portZero
            return
        }
        let outer = endpoint.address.canonical
        let refusals = [outer, outer.disguisedIPv4].compactMap { address in
            address.flatMap { Self.judge($0, allowsLoopback: allowsLoopback && $0 == outer) }
        }
        guard let refusal = refusals.first else { return nil }
        self = refusal
    }

    private static func judge(_ address: IPAddress, allowsLoopback: Bool) -> CandidateRefusal? {
        if address.isLoopback { return allowsLoopback ? nil : .loopback }
        if address.isLinkLocal { return .linkLocal }
        if address.isMulticast || address.isBroadcast { return .multicast }
        return address.isUnicast ? nil : .unspecified
    }
}

extension IPAddress {
    /// The IPv4 address inside an IPv6 one: all forms of `embeddedIPv4`, and those that translators know besides.
    ///
    /// IPv4-translated `::ffff:0:a.b.c.d` (RFC 7915), the local-use prefix 64:ff9b:1::/48 in its /96 form (RFC 8215),
    /// and the server-independent end of ISATAP interface identifiers (RFC 5214).
    fileprivate var disguisedIPv4: IPAddress? {
        if let embeddedIPv4 { return embeddedIPv4 }
        guard let (high, low) = ipv6 else { return nil }
        let inner = IPAddress(ipv4: UInt32(truncatingIfNeeded: low))
        if high == 0, low >> 32 == 0xffff_0000 { return inner }
        if high >> 16 == 0x0064_ff9b_0001 { return inner }
        if low >> 32 & 0xfcff_ffff == 0x0000_5efe { return inner }
        return nil
    }
}

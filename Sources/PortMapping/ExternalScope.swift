package import Wire

/// How far the address reaches that a gateway calls its external one.
///
/// The ranges for documentation (RFC 5737, RFC 3849) count as public: laboratories build their Internet from them.
package enum ExternalScope: Sendable {
    /// A public address: whoever is on the Internet reaches the mapping.
    case everywhere
    /// A private or shared address: a second NAT stands outside of the gateway. Only hosts between the two, such as other
    /// customers of the same carrier, reach the mapping.
    case insideAnotherNAT
    /// No address that packets could come in by.
    case nowhere

    package init(_ address: IPAddress) {
        let address = address.canonical
        if !address.isUnicast || address.isLoopback || address.isLinkLocal || Self.isReserved(address) {
            self = .nowhere
        } else if address.isPrivate || address.isSharedAddressSpace || Self.isTunnelEnd(address) {
            self = .insideAnotherNAT
        } else {
            self = .everywhere
        }
    }

    /// 240.0.0.0/4 (RFC 1112 §4).
    private static func isReserved(_ address: IPAddress) -> Bool {
        address.isIPv4 && address.prefix(4) == IPAddress(240, 0, 0, 0)
    }

    /// 192.0.0.0/24: the host's end of a DS-Lite tunnel to the carrier's NAT (RFC 6333 §5.7), or of a 464XLAT.
    private static func isTunnelEnd(_ address: IPAddress) -> Bool {
        address.isIPv4 && address.prefix(24) == IPAddress(192, 0, 0, 0)
    }
}

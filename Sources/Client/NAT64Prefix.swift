internal import Wire

/// The prefix under which a NAT64 (RFC 6146) shows the IPv4 Internet to hosts that have only IPv6 (RFC 6052).
struct NAT64Prefix: Hashable, Sendable {
    /// What a DNS64 makes of the name ipv4only.arpa contains one of these (RFC 7050 §8).
    static let wellKnownAddresses = [IPAddress(192, 0, 0, 170), IPAddress(192, 0, 0, 171)]
    /// The lengths that prefixes may have (RFC 6052 §2.2), the usual one first.
    private static let lengths = [96, 64, 56, 48, 40, 32]

    /// The prefix, all other bits zero.
    let address: IPAddress
    let length: Int

    /// Nil for a length that prefixes do not have, and for an IPv4 address.
    init?(_ address: IPAddress, length: Int) {
        guard !address.isIPv4, Self.lengths.contains(length) else { return nil }
        self.address = address.prefix(length)
        self.length = length
    }

    /// Finds the prefix in the IPv6 addresses of ipv4only.arpa (RFC 7050 §3); nil when nobody translates.
    static func find(in addresses: [IPAddress]) -> NAT64Prefix? {
        for address in addresses where !address.isIPv4 && address.canonical == address {
            for length in lengths {
                guard let prefix = NAT64Prefix(address, length: length) else { continue }
                if wellKnownAddresses.contains(where: { prefix.synthesize($0) == address }) { return prefix }
            }
        }
        return nil
    }

    /// The IPv6 address that stands for an IPv4 one; nil for an address that is no IPv4.
    ///
    /// ```
    ///  PL 0-------------32--40--48--56--64--72--80--88--96--104---------
    ///  32 |prefix        |v4(32)         | u |           suffix        |
    ///  64 |prefix                        | u |  v4(32)   |suffix       |
    ///  96 |prefix                                        |  v4(32)     |
    /// ```
    func synthesize(_ inner: IPAddress) -> IPAddress? {
        guard let ipv4 = inner.ipv4, let (high, low) = address.ipv6 else { return nil }
        if length == 96 { return IPAddress(high: high, low: low | UInt64(ipv4)) }
        // Bits 64 to 71 stay zero: what does not fit in front of them goes on behind them.
        let front = max(0, 64 - length)
        let shifted = UInt64(ipv4)
        let inHigh = front >= 32 ? shifted << UInt64(front - 32) : (front == 0 ? 0 : shifted >> UInt64(32 - front))
        let rest = 32 - min(32, front)
        let inLow = rest == 0 ? 0 : (shifted & ((1 << UInt64(rest)) - 1)) << UInt64(56 - rest)
        return IPAddress(high: high | inHigh, low: low | inLow)
    }

    /// The endpoint at which an IPv4 endpoint is reached; nil for one that a NAT64 does not translate.
    func synthesize(_ endpoint: Endpoint) -> Endpoint? {
        let address = endpoint.address.canonical
        // A carrier's NAT64 leads to the Internet, and to no private network (RFC 6052 §3.1).
        guard address.isIPv4, address.isUnicast, !address.isPrivate, !address.isSharedAddressSpace, !address.isLinkLocal,
            !address.isLoopback
        else { return nil }
        return synthesize(address).map { Endpoint($0, endpoint.port) }
    }
}

extension NAT64Prefix: CustomStringConvertible {
    var description: String { "\(address)/\(length)" }
}

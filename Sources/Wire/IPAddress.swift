/// An IPv4 or IPv6 address, without a scope.
package struct IPAddress: Hashable, Sendable {
    package enum Family: UInt8, Sendable {
        case ipv4 = 4
        case ipv6 = 6
    }

    package let family: Family
    // IPv6: the sixteen bytes as two big-endian words. IPv4: the address in the low 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64

    /// An IPv4 address from its 32 bits, the first octet in the most significant byte.
    package init(ipv4: UInt32) {
        family = .ipv4
        high = 0
        low = UInt64(ipv4)
    }

    /// An IPv4 address from its octets.
    package init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        self.init(ipv4: UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d))
    }

    /// An IPv6 address from its two big-endian halves, kept as it is: see `canonical`.
    package init(high: UInt64, low: UInt64) {
        family = .ipv6
        self.high = high
        self.low = low
    }

    /// An address of 4 or 16 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes.bytes)
        switch bytes.count {
        case 4:
            guard let word = try? reader.readUInt32() else { return nil }  // Four bytes are there: it cannot fail.
            self.init(ipv4: word)
        case 16:
            guard let high = try? reader.readUInt64(), let low = try? reader.readUInt64() else { return nil }  // Nor here.
            self.init(high: high, low: low)
        default: return nil
        }
    }

    package var isIPv4: Bool { family == .ipv4 }

    /// The 32 bits of an IPv4 address, nil for IPv6.
    package var ipv4: UInt32? { isIPv4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// The sixteen bytes of an IPv6 address as two words, nil for IPv4.
    package var ipv6: (high: UInt64, low: UInt64)? { isIPv4 ? nil : (high, low) }

    /// The 4 or 16 bytes.
    package var bytes: [UInt8] {
        var writer = ByteWriter(reservingCapacity: 16)
        if let ipv4 {
            writer.write(ipv4)
        } else {
            writer.write(high)
            writer.write(low)
        }
        return writer.bytes
    }

    /// Appends sixteen bytes, an IPv4 address as `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
    package func writeMapped(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(isIPv4 ? 0xffff_0000_0000 | low : low)
    }

    /// The address with an IPv4-mapped IPv6 form (`::ffff:a.b.c.d`) turned into IPv4.
    ///
    /// Decisions about an address (allow, deny, compare) are made on this form only.
    package var canonical: IPAddress {
        guard !isIPv4, high == 0, low >> 32 == 0xffff else { return self }
        return IPAddress(ipv4: UInt32(truncatingIfNeeded: low))
    }

    /// The address with all but the first `length` bits zero: the key of per-prefix limits.
    package func prefix(_ length: Int) -> IPAddress {
        if let ipv4 {
            return IPAddress(ipv4: ipv4 & (UInt32.max << UInt32(max(0, 32 - max(0, length)))))
        }
        let kept = max(0, length)
        let highMask: UInt64 = kept >= 64 ? .max : (kept == 0 ? 0 : .max << UInt64(64 - kept))
        let lowMask: UInt64 = kept >= 128 ? .max : (kept <= 64 ? 0 : .max << UInt64(128 - kept))
        return IPAddress(high: high & highMask, low: low & lowMask)
    }
}

// MARK: - Kinds of addresses

extension IPAddress {
    /// `0.0.0.0` or `::`.
    package var isUnspecified: Bool { high == 0 && low == 0 }

    /// 127.0.0.0/8 or `::1`.
    package var isLoopback: Bool {
        isIPv4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// 169.254.0.0/16 (RFC 3927) or fe80::/10.
    package var isLinkLocal: Bool {
        isIPv4 ? low >> 16 == 0xa9fe : high >> 54 == 0xfe80 >> 6
    }

    /// 224.0.0.0/4 or ff00::/8.
    package var isMulticast: Bool {
        isIPv4 ? low >> 28 == 0xe : high >> 56 == 0xff
    }

    /// 255.255.255.255.
    package var isBroadcast: Bool { isIPv4 && low == 0xffff_ffff }

    /// RFC 1918, or unique local fc00::/7 (RFC 4193).
    package var isPrivate: Bool {
        isIPv4 ? low >> 24 == 10 || low >> 20 == 0xac1 || low >> 16 == 0xc0a8 : high >> 57 == 0xfc >> 1
    }

    /// 100.64.0.0/10, the space between a carrier-grade NAT and its customers (RFC 6598).
    package var isSharedAddressSpace: Bool { isIPv4 && low >> 22 == 0x6440 >> 6 }

    /// Whether a packet may be sent there at all as to one host: not unspecified, multicast, broadcast or 0.0.0.0/8.
    package var isUnicast: Bool {
        !(isUnspecified || isMulticast || isBroadcast || (isIPv4 && low >> 24 == 0))
    }

    /// The IPv4 address that an IPv6 form carries inside, whatever its disguise.
    ///
    /// IPv4-mapped and IPv4-compatible (RFC 4291), 64:ff9b::/96 (RFC 6052) and 6to4 (RFC 3056): a filter must judge that one too.
    package var embeddedIPv4: IPAddress? {
        guard !isIPv4 else { return nil }
        if high == 0, low >> 32 == 0xffff { return canonical }
        if high == 0, low >> 32 == 0, low > 1 { return IPAddress(ipv4: UInt32(truncatingIfNeeded: low)) }
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return IPAddress(ipv4: UInt32(truncatingIfNeeded: low)) }
        if high >> 48 == 0x2002 { return IPAddress(ipv4: UInt32(truncatingIfNeeded: high >> 16)) }
        return nil
    }
}

// MARK: - Text

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the RFC 5952 form of an IPv6 address.
    package var description: String {
        if let ipv4 {
            return "\(ipv4 >> 24).\(ipv4 >> 16 & 0xff).\(ipv4 >> 8 & 0xff).\(ipv4 & 0xff)"
        }
        if high == 0, low >> 32 == 0xffff { return "::ffff:\(canonical)" }
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
        }
        guard let zeros = Self.longestZeroRun(in: groups) else { return Self.join(groups[...]) }
        return Self.join(groups[..<zeros.lowerBound]) + "::" + Self.join(groups[zeros.upperBound...])
    }

    /// Parses dotted decimal or any IPv6 text form (RFC 4291 §2.2); scopes, ports and leading zeros in IPv4 are refused.
    package init?(_ text: some StringProtocol) {
        if text.contains(":") {
            guard let groups = Self.parseGroups(text) else { return nil }
            let words = groups.map(UInt64.init)
            self.init(
                high: words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3],
                low: words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
        } else {
            guard let word = Self.parseIPv4(text) else { return nil }
            self.init(ipv4: word)
        }
    }

    /// The first longest run of at least two zero groups (RFC 5952 §4.2).
    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start >= 2, end - start > best?.count ?? 0 { best = start..<end }
            start = end + 1
        }
        return best
    }

    private static func join(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func parseIPv4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var word: UInt32 = 0
        for part in parts {
            guard part.utf8.count <= 3, part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                !(part.utf8.count > 1 && part.hasPrefix("0")), let octet = UInt8(part)
            else { return nil }
            word = word << 8 | UInt32(octet)
        }
        return word
    }

    private static func parseGroups(_ text: some StringProtocol) -> [UInt16]? {
        var text = String(text)
        // A dotted tail stands for the last two groups.
        if text.contains("."), let colon = text.lastIndex(of: ":") {
            guard let word = parseIPv4(text[text.index(after: colon)...]) else { return nil }
            text = String(text[...colon]) + String(word >> 16, radix: 16) + ":" + String(word & 0xffff, radix: 16)
        }
        guard let gap = text.firstRange(of: "::") else {
            let groups = parseRun(text[...])
            return groups?.count == 8 ? groups : nil
        }
        guard let left = parseRun(text[..<gap.lowerBound]), let right = parseRun(text[gap.upperBound...]),
            left.count + right.count < 8
        else { return nil }
        return left + Array(repeating: 0, count: 8 - left.count - right.count) + right
    }

    private static func parseRun(_ text: Substring) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...4).contains(part.utf8.count), part.first != "+", let group = UInt16(part, radix: 16) else { return nil }
            groups.append(group)
        }
        return groups
    }
}

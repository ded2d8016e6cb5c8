import Testing
import Wire

struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("fe80::1", "fe80::1"), ("1::", "1::"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func textIsReadAndWrittenInItsCanonicalForm(text: String, canonical: String) throws {
        #expect(try #require(IPAddress(text)).description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.-4", "+1.2.3.4", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "12345::", "fe80::1%eth0", "g::", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "::+1",
    ])
    func otherTextIsRefused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1", "loopback"), ("127.255.0.9", "loopback"), ("::1", "loopback"), ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"), ("febf::1", "link-local"), ("224.0.0.1", "multicast"), ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"), ("::", "unspecified"), ("10.1.2.3", "private"), ("172.31.0.1", "private"),
        ("192.168.7.7", "private"), ("fd00::1", "private"), ("100.64.0.1", "shared"), ("100.127.255.255", "shared"),
        ("255.255.255.255", "broadcast"), ("203.0.113.9", ""), ("172.32.0.1", ""), ("100.128.0.1", ""), ("fec0::1", ""),
        ("2001:db8::1", ""), ("11.0.0.1", ""),
    ])
    func anAddressIsOfOneKind(text: String, kind: String) throws {
        let address = try #require(IPAddress(text))
        let kinds = [
            "loopback": address.isLoopback, "link-local": address.isLinkLocal, "multicast": address.isMulticast,
            "unspecified": address.isUnspecified, "private": address.isPrivate, "shared": address.isSharedAddressSpace,
            "broadcast": address.isBroadcast,
        ]
        let found = kinds.filter(\.value).keys.sorted().joined(separator: " ")
        #expect(found == kind)
    }

    @Test(arguments: [
        ("::ffff:10.0.0.1", "10.0.0.1"), ("::10.0.0.1", "10.0.0.1"), ("64:ff9b::10.0.0.1", "10.0.0.1"),
        ("2002:0a00:0001::", "10.0.0.1"),
    ])
    func anIPv4AddressInDisguiseIsSeen(text: String, inside: String) throws {
        #expect(try #require(IPAddress(text)).embeddedIPv4 == IPAddress(inside))
    }

    @Test(arguments: ["::1", "::", "2001:db8::1", "192.0.2.1"])
    func otherAddressesHideNothing(text: String) throws {
        #expect(try #require(IPAddress(text)).embeddedIPv4 == nil)
    }

    @Test(arguments: [
        ("203.0.113.77", 24, "203.0.113.0"), ("203.0.113.77", 0, "0.0.0.0"), ("203.0.113.77", 32, "203.0.113.77"),
        ("2001:db8:1:2ff:3::4", 56, "2001:db8:1:200::"), ("2001:db8::1", 128, "2001:db8::1"), ("2001:db8::1", 0, "::"),
        ("2001:db8::ffff", 120, "2001:db8::ff00"),
    ])
    func aPrefixKeepsItsFirstBits(text: String, length: Int, prefix: String) throws {
        #expect(try #require(IPAddress(text)).prefix(length).description == prefix)
    }

    @Test(arguments: 0..<200)
    func anyIPv6AddressSurvivesItsText(seed: UInt64) {
        var random = SeededGenerator(seed)
        // Zero groups are made likely, since their compression is what can go wrong.
        let words = (0..<2).map { _ in random.next() & random.next() & (random.next() | 0xffff_0000_ffff) & random.next() }
        let address = IPAddress(high: words[0], low: words[1])
        #expect(IPAddress(address.description) == address)
        #expect(IPAddress(address.bytes) == address)
    }
}

import Testing
import Wire

@testable import Client

@Suite struct NAT64PrefixTests {
    /// The examples of RFC 6052 §2.4.
    private static let examples: [(prefix: String, length: Int, address: String)] = [
        ("2001:db8::", 32, "2001:db8:c000:221::"),
        ("2001:db8:100::", 40, "2001:db8:1c0:2:21::"),
        ("2001:db8:122::", 48, "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::", 56, "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::", 64, "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::", 96, "2001:db8:122:344::192.0.2.33"),
        ("64:ff9b::", 96, "64:ff9b::192.0.2.33"),
    ]

    @Test(arguments: examples)
    func anIPv4AddressIsEmbedded(prefix: String, length: Int, address: String) throws {
        let found = try Self.prefix(prefix, length)
        let expected = try #require(IPAddress(address))
        #expect(found.synthesize(IPAddress(192, 0, 2, 33)) == expected)
    }

    @Test(arguments: examples)
    func thePrefixIsFoundInTheWellKnownName(prefix: String, length: Int, address: String) throws {
        let found = try Self.prefix(prefix, length)
        for known in NAT64Prefix.wellKnownAddresses {
            let address = try #require(found.synthesize(known))
            #expect(NAT64Prefix.find(in: [address]) == found)
        }
    }

    @Test func withoutATranslatorThereIsNoPrefix() throws {
        #expect(NAT64Prefix.find(in: []) == nil)
        let native = try #require(IPAddress("2001:db8::1"))
        #expect(NAT64Prefix.find(in: [native, IPAddress(192, 0, 0, 170)]) == nil)
        let mapped = try #require(IPAddress("::ffff:192.0.0.170"))
        #expect(NAT64Prefix.find(in: [mapped]) == nil)
    }

    @Test(arguments: [
        "10.0.0.1:1", "192.168.1.1:1", "100.64.0.1:1", "127.0.0.1:1", "169.254.1.1:1", "224.0.0.1:1", "[2001:db8::1]:1",
    ])
    func whatIsNotOnTheIPv4InternetIsNotTranslated(text: String) throws {
        let prefix = try Self.prefix("64:ff9b::", 96)
        let endpoint = try #require(Endpoint(text))
        #expect(prefix.synthesize(endpoint) == nil)
    }

    @Test func anEndpointKeepsItsPort() throws {
        let endpoint = try #require(Endpoint("203.0.113.7:41641"))
        #expect(try Self.prefix("64:ff9b::", 96).synthesize(endpoint)?.description == "[64:ff9b::cb00:7107]:41641")
    }

    @Test(arguments: [0, 1, 33, 95, 97, 128])
    func otherLengthsAreRefused(length: Int) throws {
        let address = try #require(IPAddress("64:ff9b::"))
        #expect(NAT64Prefix(address, length: length) == nil)
    }

    private static func prefix(_ text: String, _ length: Int) throws -> NAT64Prefix {
        let address = try #require(IPAddress(text))
        return try #require(NAT64Prefix(address, length: length))
    }
}

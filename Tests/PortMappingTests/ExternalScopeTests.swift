import PortMapping
import Testing
import Wire

struct ExternalScopeTests {
    @Test(arguments: [
        ("203.0.113.7", ExternalScope.everywhere), ("8.8.8.8", .everywhere), ("2001:db8::1", .everywhere),
        ("10.1.2.3", .insideAnotherNAT), ("172.31.0.1", .insideAnotherNAT), ("192.168.0.1", .insideAnotherNAT),
        ("100.64.0.1", .insideAnotherNAT), ("100.127.255.255", .insideAnotherNAT), ("192.0.0.2", .insideAnotherNAT),
        ("::ffff:10.0.0.1", .insideAnotherNAT), ("fd00::1", .insideAnotherNAT), ("100.128.0.1", .everywhere),
        ("0.0.0.0", .nowhere), ("127.0.0.1", .nowhere), ("::1", .nowhere), ("::", .nowhere), ("169.254.1.1", .nowhere),
        ("224.0.0.1", .nowhere), ("255.255.255.255", .nowhere), ("240.0.0.1", .nowhere), ("fe80::1", .nowhere),
        ("0.1.2.3", .nowhere),
    ])
    func anAddressIsJudged(text: String, scope: ExternalScope) throws {
        #expect(ExternalScope(try #require(IPAddress(text))) == scope)
    }
}

internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct RateTests {
    private func limited(burst: Double) -> Registry.Configuration {
        var configuration = Registry.Configuration()
        configuration.limits.sourceRate = 1
        configuration.limits.sourceBurst = burst
        configuration.limits.nodeRate = 1
        configuration.limits.nodeBurst = burst
        configuration.limits.trackedRates = 100
        return configuration
    }

    @Test func aSourcePrefixHasOneBudget() throws {
        var harness = RegistryHarness(configuration: limited(burst: 3))
        for host in 1...3 as ClosedRange<UInt8> {
            try harness.registry.countRequest(from: IPAddress(192, 0, 2, host), at: harness.now)
        }
        #expect(throws: RegistryError.tooManyRequests(retryAfter: .seconds(1))) {
            try harness.registry.countRequest(from: IPAddress(192, 0, 2, 99), at: harness.now)
        }
        let mapped = try #require(IPAddress("::ffff:192.0.2.7"))
        #expect(throws: RegistryError.self) { try harness.registry.countRequest(from: mapped, at: harness.now) }
        try harness.registry.countRequest(from: IPAddress(192, 0, 3, 1), at: harness.now)
        harness.advance(by: .seconds(1))
        try harness.registry.countRequest(from: mapped, at: harness.now)
    }

    @Test func anIPv6SourceIsItsSlash56() throws {
        var harness = RegistryHarness(configuration: limited(burst: 1))
        try harness.registry.countRequest(from: #require(IPAddress("2001:db8:0:100::1")), at: harness.now)
        let neighbour = try #require(IPAddress("2001:db8:0:1ff::1"))
        #expect(throws: RegistryError.self) { try harness.registry.countRequest(from: neighbour, at: harness.now) }
        try harness.registry.countRequest(from: #require(IPAddress("2001:db8:0:200::1")), at: harness.now)
    }

    @Test func wrongTokensCountAgainstTheirSourceAndRightOnesAgainstTheirNode() throws {
        var harness = RegistryHarness(configuration: limited(burst: 2))
        let alice = try harness.member("alice").node
        let wrong = BearerToken(using: &harness.random)
        for _ in 0..<2 {
            #expect(throws: RegistryError.unauthorized) { try harness.authenticate(wrong) }
            _ = try harness.authenticate(alice.token)
        }
        #expect(throws: RegistryError.tooManyRequests(retryAfter: .seconds(1))) { try harness.authenticate(wrong) }
        #expect(throws: RegistryError.tooManyRequests(retryAfter: .seconds(1))) { try harness.authenticate(alice.token) }
    }

    @Test func aFloodOfSourcesLocksNobodyOut() throws {
        var harness = RegistryHarness(configuration: limited(burst: 1))
        for word in 0..<10_000 as Range<UInt32> {
            try harness.registry.countRequest(from: IPAddress(ipv4: word << 8), at: harness.now)
        }
    }

    @Test func moreProofsThanAreRememberedAreTurnedAway() throws {
        var configuration = Registry.Configuration()
        configuration.limits.usedChallenges = 2
        var harness = RegistryHarness(configuration: configuration)
        let alice = try harness.member("alice")
        _ = try harness.register(alice.key, with: nil)
        #expect(throws: RegistryError.tooManyChallenges) { try harness.register(alice.key, with: nil) }
        harness.advance(by: .seconds(60))
        _ = try harness.register(alice.key, with: nil)
    }
}

import HTTPTypes
import Testing
import Wire

@testable import Server

struct RequestLimiterTests {
    private let start = Instant.zero

    @Test func aBurstPassesAndTheNextIsToldWhenToComeBack() {
        let limiter = RequestLimiter<Int>(rate: 2, burst: 3)
        #expect((0..<3).map { _ in limiter.retryAfter(1, at: start) } == [nil, nil, nil])
        #expect(limiter.retryAfter(1, at: start) == 1)
        #expect(limiter.retryAfter(1, at: start + .milliseconds(500)) == nil)
        #expect(limiter.retryAfter(1, at: start + .milliseconds(500)) == 1)
    }

    @Test func sourcesDoNotShareTheirTokens() {
        let limiter = RequestLimiter<Int>(rate: 1, burst: 1)
        #expect(limiter.retryAfter(1, at: start) == nil)
        #expect(limiter.retryAfter(2, at: start) == nil)
        #expect(limiter.retryAfter(1, at: start) == 1)
    }

    @Test func aFullTableForgetsIdleSourcesOnly() {
        let limiter = RequestLimiter<Int>(rate: 1, burst: 2)
        for key in 0..<RequestLimiter<Int>.maximumKeyCount { #expect(limiter.retryAfter(key, at: start) == nil) }
        #expect(limiter.retryAfter(-1, at: start) == 1)
        #expect(limiter.retryAfter(-1, at: start + .seconds(2)) == nil)
    }

    @Test func aChangedRateHoldsAtOnce() {
        let limiter = RequestLimiter<Int>(rate: 1, burst: 1)
        #expect(limiter.retryAfter(1, at: start) == nil)
        limiter.reconfigure(rate: 1, burst: 5)
        #expect(limiter.retryAfter(1, at: start) == nil)
    }
}

struct ClientAddressTests {
    private let trusted = ["10.0.0.0/8", "2001:db8::/32"].compactMap { AddressPrefix($0) }

    @Test(arguments: [
        // Nobody trusted: the header is anyone's word.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        // Only the last hop is told by somebody trusted; what stands left of it the client wrote.
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:470::1", "2001:470::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ])
    func onlyTrustedProxiesAreBelieved(peer: String, header: String, client: String) throws {
        var headers = HTTPFields()
        if !header.isEmpty { headers[try #require(HTTPField.Name("X-Forwarded-For"))] = header }
        let found = ClientAddress.behindProxies(peer: try #require(IPAddress(peer)).canonical, headers: headers, trusted: trusted)
        #expect(found == IPAddress(client))
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "x", "2001:db8::/129", "1.2.3.4/8/9"])
    func aDamagedBlockIsNone(text: String) {
        #expect(AddressPrefix(text) == nil)
    }
}

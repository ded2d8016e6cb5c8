import Testing
import Wire

@testable import Relay

struct ConnectionTests {
    /// libssl needs 14.1 KB for an idle connection; what is ours has to stay small beside it.
    @Test
    func anIdleConnectionIsSmall() {
        #expect(MemoryLayout<Connection>.size <= 912)
    }

    @Test
    func aRateAllowanceIsPaidAfterwards() throws {
        let start = Instant.zero
        var allowance = try #require(RateAllowance(RelayLimits(bytesPerSecond: 100_000, burstBytes: 100_000), at: start))
        #expect(allowance.pay(100_000, at: start) == nil)
        #expect(allowance.pay(50_000, at: start) == .milliseconds(500))
        #expect(allowance.readableCount == 4096)
        #expect(allowance.pay(0, at: start + .milliseconds(500)) == nil)
        // It never saves more than its burst.
        #expect(allowance.pay(110_000, at: start + .seconds(100)) == .milliseconds(100))
        #expect(RateAllowance(RelayLimits(), at: start) == nil)
    }
}

import Testing
import Wire

@testable import PortMapping

struct GatewayEpochTests {
    @Test(arguments: [
        (elapsed: 0, age: 1000, isLost: false),
        // Answers that overtook each other by a second.
        (elapsed: 0, age: 999, isLost: false),
        (elapsed: 0, age: 998, isLost: true),
        (elapsed: 1600, age: 2600, isLost: false),
        // Slower and faster by a sixteenth, with two seconds to spare.
        (elapsed: 1600, age: 2498, isLost: false),
        (elapsed: 1600, age: 2497, isLost: true),
        (elapsed: 1600, age: 2708, isLost: false),
        (elapsed: 1600, age: 2712, isLost: true),
        (elapsed: 3600, age: 3, isLost: true),
    ])
    func thePCPRuleIsThatOfTheRFC(elapsed: Int, age: UInt32, isLost: Bool) {
        var epoch = GatewayEpoch()
        let isLostAtFirst = epoch.isLost(pcp: 1000, at: .zero)
        #expect(!isLostAtFirst)
        let result = epoch.isLost(pcp: age, at: .zero + .seconds(elapsed))
        #expect(result == isLost)
    }

    @Test(arguments: [
        (elapsed: 800, age: 1800, isLost: false),
        // Slow by an eighth, with two seconds to spare.
        (elapsed: 800, age: 1698, isLost: false),
        (elapsed: 800, age: 1697, isLost: true),
        // A fast clock is no sign of anything.
        (elapsed: 800, age: 9000, isLost: false),
        (elapsed: 3600, age: 0, isLost: true),
    ])
    func theNATPMPRuleIsThatOfTheRFC(elapsed: Int, age: UInt32, isLost: Bool) {
        var epoch = GatewayEpoch()
        _ = epoch.isLost(natPMP: 1000, at: .zero)
        let result = epoch.isLost(natPMP: age, at: .zero + .seconds(elapsed))
        #expect(result == isLost)
    }

    @Test
    func afterALossTheNextAnswerIsMeasuredAgainstTheNewTable() {
        var epoch = GatewayEpoch()
        _ = epoch.isLost(pcp: 1000, at: .zero)
        _ = epoch.isLost(pcp: 5, at: .zero + .seconds(10))
        let result = epoch.isLost(pcp: 15, at: .zero + .seconds(20))
        #expect(!result)
    }
}

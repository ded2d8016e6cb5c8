import Testing

@testable import Client

@Suite struct PortPatternTests {
    @Test func keptPortsArePreserved() throws {
        let pattern = try #require(PortPattern([(5000, 5000), (5003, 5003), (6001, 6001), (9, 9)].map(PortPattern.Sample.init)))
        #expect(pattern.allocation == .preserving)
        #expect(pattern.keepsParity)
    }

    @Test func aSequenceTellsItsStepThoughOthersTakePortsInBetween() throws {
        let pattern = try #require(PortPattern([(1, 1024), (2, 1026), (3, 1030), (4, 1032)].map(PortPattern.Sample.init)))
        #expect(pattern.allocation == .sequential(step: 2))
        let downwards = try #require(PortPattern([(1, 4), (2, 3), (3, 2), (4, 1)].map(PortPattern.Sample.init)))
        #expect(downwards.allocation == .sequential(step: -1))
    }

    @Test func noPatternIsRandomAndParityMayBeKept() throws {
        let pattern = try #require(
            PortPattern([(1, 40_001), (2, 1024), (3, 50_013), (4, 9000)].map(PortPattern.Sample.init)))
        #expect(pattern.allocation == .random)
        #expect(pattern.keepsParity)
    }

    @Test func aPortThatComesAgainIsNoSequence() throws {
        let pattern = try #require(PortPattern([(1, 7), (2, 7), (3, 7), (4, 7)].map(PortPattern.Sample.init)))
        #expect(pattern.allocation == .random)
    }

    @Test func fewSamplesTellNothing() {
        #expect(PortPattern([]) == nil)
        #expect(PortPattern([(1, 1), (2, 2), (3, 3)].map(PortPattern.Sample.init)) == nil)
    }
}

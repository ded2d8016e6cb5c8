import DERP
import Testing
import Wire

struct KeepAliveScheduleTests {
    @Test(arguments: 0..<50)
    func theIntervalIsAMinuteAndUpToFiveSeconds(seed: UInt64) {
        var random = SeededGenerator(seed)
        let schedule = KeepAliveSchedule(startedAt: .zero, using: &random)
        #expect((.seconds(60) ... .seconds(65)).contains(schedule.interval))
        #expect(schedule.nextDeadline == Instant.zero + schedule.interval)
    }

    @Test func aKeepAliveIsDueOncePerInterval() {
        var random = testRandom()
        var schedule = KeepAliveSchedule(startedAt: .zero, using: &random)
        let due = Instant.zero + schedule.interval
        let early = schedule.deadlineReached(at: due - .nanoseconds(1))
        let first = schedule.deadlineReached(at: due)
        let again = schedule.deadlineReached(at: due)
        #expect(!early && first && !again)
        let late = schedule.deadlineReached(at: due + .seconds(600))
        #expect(late && schedule.nextDeadline == due + .seconds(600) + schedule.interval)
    }
}

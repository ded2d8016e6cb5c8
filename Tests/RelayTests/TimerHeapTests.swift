import Testing
import Wire

@testable import Relay

struct TimerHeapTests {
    /// A heap, reachable by the test macros.
    private final class Timers {
        private var heap = TimerHeap()

        var earliest: Instant? { heap.earliest }

        func deadline(of slot: Int) -> Instant? { heap.deadline(of: slot) }
        func set(_ slot: Int, to deadline: Instant) { heap.set(slot, to: deadline) }
        func remove(_ slot: Int) { heap.remove(slot) }
        func popExpired(at now: Instant) -> Int? { heap.popExpired(at: now) }
    }

    private func instant(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test
    func slotsExpireInTheOrderOfTheirDeadlines() {
        let timers = Timers()
        timers.set(3, to: instant(30))
        timers.set(1, to: instant(10))
        timers.set(2, to: instant(20))
        #expect(timers.earliest == instant(10))
        #expect(timers.popExpired(at: instant(9)) == nil)
        #expect(timers.popExpired(at: instant(25)) == 1)
        #expect(timers.popExpired(at: instant(25)) == 2)
        #expect(timers.popExpired(at: instant(25)) == nil)
        #expect(timers.earliest == instant(30))
    }

    @Test
    func aDeadlineCanBeMovedAndTakenBack() {
        let timers = Timers()
        timers.set(0, to: instant(10))
        timers.set(1, to: instant(20))
        timers.set(0, to: instant(30))
        #expect(timers.earliest == instant(20))
        timers.remove(1)
        #expect(timers.earliest == instant(30))
        timers.remove(1)
        #expect(timers.deadline(of: 0) == instant(30))
        #expect(timers.deadline(of: 1) == nil)
        timers.remove(0)
        #expect(timers.earliest == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aHeapBehavesLikeASortedList(seed: UInt64) {
        var random = SeededGenerator(seed)
        let timers = Timers()
        var model: [Int: Instant] = [:]
        for _ in 0..<1000 {
            let slot = Int.random(in: 0..<50, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                timers.remove(slot)
                model[slot] = nil
            case _:
                let deadline = instant(Int64.random(in: 0..<1000, using: &random))
                timers.set(slot, to: deadline)
                model[slot] = deadline
            }
            #expect(timers.earliest == model.values.min())
        }
        while let slot = timers.popExpired(at: instant(500)) {
            #expect(model[slot].map { $0 <= instant(500) } == true)
            model[slot] = nil
        }
        #expect(model.values.allSatisfy { $0 > instant(500) })
    }
}

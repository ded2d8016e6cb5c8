import NIOPosix
import Testing
import Wire

@testable import Client

@Suite struct SleepClockTests {
    @Test func timeThatOnlyOneClockCountedWasSlept() {
        var clock = SleepClock(boot: .zero + .seconds(100), monotonic: .zero + .seconds(90))
        let awake = clock.sleep(boot: .zero + .seconds(160), monotonic: .zero + .seconds(150))
        #expect(awake == nil)
        let slept = clock.sleep(boot: .zero + .seconds(500), monotonic: .zero + .seconds(160))
        #expect(slept == .seconds(330))
        let afterwards = clock.sleep(boot: .zero + .seconds(501), monotonic: .zero + .seconds(161))
        #expect(afterwards == nil)
    }

    @Test func theSystemsClocksAgreeWhileItIsAwake() {
        var clock = SleepClock()
        let slept = clock.sleep()
        #expect(slept == nil)
    }

    @Test func aWatchThatNothingHappensToIsSilent() throws {
        let watch = try ClockWatch(on: MultiThreadedEventLoopGroup.singleton.next()) {
            Issue.record("nobody set the clock")
        }
        watch.again()
        watch.close()
    }
}

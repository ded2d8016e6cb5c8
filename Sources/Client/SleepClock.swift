internal import CLinux
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Wire

/// Tells that the machine has slept: one clock of the kernel counts through sleep (CLOCK_BOOTTIME), the other stands still.
struct SleepClock {
    /// Shorter sleeps change nothing.
    private static let shortestSleep = Duration.seconds(1)

    private var lead: Duration

    init(boot: Instant = .sinceBoot, monotonic: Instant = .now) {
        lead = boot - monotonic
    }

    /// How long the machine has slept since it was last asked; nil if it has not.
    mutating func sleep(boot: Instant = .sinceBoot, monotonic: Instant = .now) -> Duration? {
        let before = lead
        lead = boot - monotonic
        let slept = lead - before
        return slept >= Self.shortestSleep ? slept : nil
    }
}

extension Instant {
    /// The time since the machine was started, its sleep included.
    fileprivate static var sinceBoot: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// Hears when the wall clock is set, which waking does too, so that a long wait on the clock that stood still does not hide it.
final class ClockWatch: Sendable {
    private let descriptor: Int32
    private let token: DescriptorPoller.Token

    /// `changed` is called on the event loop.
    init(on eventLoop: any EventLoop, changed: @escaping @Sendable () -> Void) throws(IOError) {
        let descriptor = causeway_open_clock_watch()
        guard descriptor >= 0 else { throw IOError(errnoCode: -descriptor, reason: "timerfd") }
        do {
            token = try DescriptorPoller.shared.watch(descriptor, on: eventLoop) { _ in changed() }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    /// Waits for the next change.
    func again() {
        causeway_renew_clock_watch(descriptor)
        DescriptorPoller.shared.again(token)
    }

    func close() {
        DescriptorPoller.shared.remove(token)
        Glibc.close(descriptor)
    }
}

internal import FoundationEssentials
internal import NIOCore
internal import Wire

extension Instant {
    /// The present moment of the system's monotonic clock.
    static var now: Instant { Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    /// The same moment for NIO's timers.
    var deadline: NIODeadline { .uptimeNanoseconds(UInt64(clamping: nanoseconds)) }
}

/// The time of day, for what has to be told apart through restarts.
enum WallClock {
    /// Milliseconds since 1970.
    static var milliseconds: Int64 { Int64(Date.now.timeIntervalSince1970 * 1000) }

    /// What the wall clock said at `Instant.zero`, in nanoseconds since 1970.
    static var epoch: UInt64 { UInt64(clamping: milliseconds * 1_000_000 - Instant.now.nanoseconds) }
}

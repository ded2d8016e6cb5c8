internal import NIOCore
internal import Wire

/// The one place where the server's slow path reads the monotonic clock.
enum MonotonicClock {
    static var now: Instant { Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }
}

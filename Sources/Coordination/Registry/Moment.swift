package import Wire

/// Now, on both clocks: the monotonic one measures spans, the wall clock is what expiries are given in.
package struct Moment: Equatable, Sendable {
    package var instant: Instant
    package var time: Timestamp

    package init(instant: Instant, time: Timestamp) {
        self.instant = instant
        self.time = time
    }
}

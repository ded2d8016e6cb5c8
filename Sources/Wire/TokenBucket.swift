/// A token bucket: `rate` tokens a second flow in, at most `burst` are kept, each unit of work takes some.
package struct TokenBucket: Sendable {
    /// Tokens that flow in per second.
    package let rate: Double
    /// Tokens kept at most; also what a fresh bucket holds.
    package let burst: Double
    private var tokens: Double
    private var filledAt: Instant

    package init(rate: Double, burst: Double, at now: Instant) {
        self.rate = rate
        self.burst = burst
        tokens = burst
        filledAt = now
    }

    /// Takes `amount` tokens, or none of them and answers false when there are too few.
    package mutating func take(_ amount: Double = 1, at now: Instant) -> Bool {
        fill(at: now)
        guard tokens >= amount else { return false }
        tokens -= amount
        return true
    }

    /// How long until `amount` tokens are there: zero when they are, nil when the bucket can never hold so many.
    package mutating func delay(for amount: Double = 1, at now: Instant) -> Duration? {
        fill(at: now)
        guard tokens < amount else { return .zero }
        guard amount <= burst, rate > 0 else { return nil }
        return .nanoseconds(Int64(((amount - tokens) / rate * 1e9).rounded(.up)))
    }

    /// Tells whether the bucket is full, so that a table of buckets may forget it.
    package mutating func isFull(at now: Instant) -> Bool {
        fill(at: now)
        return tokens >= burst
    }

    private mutating func fill(at now: Instant) {
        guard now > filledAt else { return }
        tokens = min(burst, tokens + (now - filledAt).inSeconds * rate)
        filledAt = now
    }
}

internal import Wire

/// How many bytes a client may still send: a token bucket that may go below zero, since what was read is never dropped.
struct RateAllowance {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: Instant

    /// Nil for limits without a rate.
    init?(_ limits: RelayLimits, at now: Instant) {
        guard limits.bytesPerSecond > 0 else { return nil }
        rate = Double(limits.bytesPerSecond)
        burst = Double(limits.burstBytes)
        tokens = burst
        filledAt = now
    }

    /// Whether this is an allowance under these limits.
    func follows(_ limits: RelayLimits) -> Bool {
        rate == Double(limits.bytesPerSecond) && burst == Double(limits.burstBytes)
    }

    /// Pays for `count` bytes. Answers how long to read nothing until the debt is paid; nil without a debt.
    mutating func pay(_ count: Int, at now: Instant) -> Duration? {
        tokens = min(burst, tokens + max(0, (now - filledAt).inSeconds) * rate) - Double(count)
        filledAt = now
        guard tokens < 0 else { return nil }
        return .nanoseconds(Int64((-tokens / rate * 1e9).rounded(.up)))
    }

    /// How much may be read at once without falling far into debt, at least one small packet.
    var readableCount: Int { max(4096, Int(tokens)) }
}

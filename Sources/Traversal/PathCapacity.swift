internal import Wire

/// How large a datagram a direct path carries: found out by padded pings of the sizes that traffic has.
///
/// Some paths lose what is longer than a tunnel in them allows, without a word. So a packet larger than any that was proven goes
/// by relay too until a ping of its size is answered, and by relay alone when none is.
struct PathCapacity: Sendable {
    /// What every path must carry (RFC 9000 §14).
    static let assumed = 1200
    /// Pings of one size before it counts as too large.
    static let attempts = 3
    /// A size that failed is tried again after this time.
    static let memory: Duration = .seconds(60)

    private enum State: Sendable {
        case idle
        case probing(byteCount: Int, attempts: Int, due: Instant)
        case limited(byteCount: Int, until: Instant)
    }

    enum Fit: Sendable {
        case fits
        case unknown
        case tooLarge
    }

    /// The largest datagram that was answered.
    private(set) var proven = assumed
    private var state = State.idle

    /// When a padded ping is due.
    var nextProbe: Instant? {
        switch state {
        case .idle, .limited: nil
        case .probing(_, _, let due): due
        }
    }

    /// Whether a datagram of this size gets through. An unknown size is probed.
    mutating func fit(_ byteCount: Int, at now: Instant) -> Fit {
        if byteCount <= proven { return .fits }
        switch state {
        case .limited(let limit, let until) where byteCount >= limit && now < until: return .tooLarge
        case .probing(let size, _, _) where byteCount <= size: return .unknown
        case .idle, .limited, .probing:
            state = .probing(byteCount: byteCount, attempts: 0, due: now)
            return .unknown
        }
    }

    /// The size of the padded ping to send now, if one is due. `timeout` is how long its pong may take.
    mutating func takeProbe(timeout: Duration, at now: Instant) -> Int? {
        guard case .probing(let byteCount, let attempts, let due) = state, due <= now else { return nil }
        guard attempts < Self.attempts else {
            state = .limited(byteCount: byteCount, until: now + Self.memory)
            return nil
        }
        state = .probing(byteCount: byteCount, attempts: attempts + 1, due: now + timeout)
        return byteCount
    }

    /// A ping of this size was answered.
    mutating func answered(byteCount: Int) {
        proven = max(proven, byteCount)
        switch state {
        case .probing(let size, _, _) where size <= proven: state = .idle
        case .limited(let size, _) where size <= proven: state = .idle
        case .idle, .probing, .limited: break
        }
    }
}

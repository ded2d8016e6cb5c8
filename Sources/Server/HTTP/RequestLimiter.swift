internal import NIOConcurrencyHelpers
internal import Wire

/// Token buckets per key, in a table that cannot grow without bound.
struct RequestLimiter<Key: Hashable & Sendable>: Sendable {
    /// Keys remembered at most. A full table forgets its idle keys, and if none is idle, refuses new ones for a second.
    static var maximumKeyCount: Int { 65_536 }

    private struct Table {
        var rate: Double
        var burst: Double
        var buckets: [Key: TokenBucket] = [:]
        var sweptAt = Instant.zero
    }

    private let table: NIOLockedValueBox<Table>

    /// - Parameters: `rate` in requests per second in the long run, `burst` in requests at once.
    init(rate: Double, burst: Double) {
        table = NIOLockedValueBox(Table(rate: rate, burst: burst))
    }

    /// Changes the rate; every key begins with a full bucket.
    func reconfigure(rate: Double, burst: Double) {
        table.withLockedValue { table in
            guard table.rate != rate || table.burst != burst else { return }
            table = Table(rate: rate, burst: burst)
        }
    }

    /// Takes a token for `key`: nil when there is one, else the whole seconds until there is.
    func retryAfter(_ key: Key, at now: Instant) -> Int? {
        table.withLockedValue { table in
            if table.buckets[key] == nil, table.buckets.count >= Self.maximumKeyCount {
                guard now - table.sweptAt >= .seconds(1) else { return 1 }
                table.sweptAt = now
                table.buckets = table.buckets.filter { entry in
                    var bucket = entry.value
                    return !bucket.isFull(at: now)
                }
                guard table.buckets.count < Self.maximumKeyCount else { return 1 }
            }
            var bucket = table.buckets[key] ?? TokenBucket(rate: table.rate, burst: table.burst, at: now)
            defer { table.buckets[key] = bucket }
            if bucket.take(at: now) { return nil }
            return max(1, Int((bucket.delay(at: now)?.inSeconds ?? 1).rounded(.up)))
        }
    }
}

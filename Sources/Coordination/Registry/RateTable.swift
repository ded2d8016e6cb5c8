internal import Wire

/// Token buckets by key, bounded: a key that is not there has a full bucket.
struct RateTable<Key: Hashable & Sendable>: Sendable {
    private var rate: Double
    private var burst: Double
    private let capacity: Int
    private var buckets: [Key: TokenBucket] = [:]
    /// All keys of `buckets`, in the order in which a hand goes round to find one to forget.
    private var ring: [Key] = []
    private var hand = 0

    /// How many keys the hand passes in search of a full bucket.
    private static var searchLength: Int { 16 }

    init(rate: Double, burst: Double, capacity: Int) {
        self.rate = rate
        self.burst = burst
        self.capacity = max(1, capacity)
    }

    var count: Int { buckets.count }

    /// Takes one token, or answers how long to wait for it.
    mutating func take(_ key: Key, at now: Instant) throws(RegistryError) {
        var bucket = buckets[key] ?? insert(key, at: now)
        let isTaken = bucket.take(at: now)
        let delay = bucket.delay(at: now)
        buckets[key] = bucket
        guard isTaken else { throw .tooManyRequests(retryAfter: delay ?? .seconds(60)) }
    }

    /// Makes room and a fresh bucket. The hand forgets a full bucket where it finds one soon, and else the next in turn:
    /// whoever floods with many keys may so win some tokens back, but locks nobody out.
    private mutating func insert(_ key: Key, at now: Instant) -> TokenBucket {
        let bucket = TokenBucket(rate: rate, burst: burst, at: now)
        guard ring.count >= capacity else {
            ring.append(key)
            return bucket
        }
        var victim = hand
        for step in 0..<min(Self.searchLength, ring.count) {
            let index = (hand + step) % ring.count
            guard var candidate = buckets[ring[index]], !candidate.isFull(at: now) else {
                victim = index
                break
            }
        }
        buckets[ring[victim]] = nil
        ring[victim] = key
        hand = (victim + 1) % ring.count
        return bucket
    }
}

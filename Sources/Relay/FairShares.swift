/// Who has how much in one lane of a send queue, so that the one who has most pays when the lane is full.
///
/// Shares live in one pooled buffer: 64 hash buckets, then the shares themselves, chained by index. Only sources with packets in the lane
/// have one, so there are never more shares than packets.
struct FairShares: ~Copyable {
    /// What one source has in the lane.
    struct Share {
        /// The source connection's identity.
        var source: UInt64
        /// What its packets cost: their bytes and a constant for each.
        var cost: UInt32
        var packets: UInt32
        /// Sequence numbers of its oldest and its newest packet.
        var oldest: UInt32
        var newest: UInt32
        /// The next share of the same bucket, or of the free list.
        var next: UInt16
        /// Whether the source was asked to pause.
        var isPausing = false
    }

    /// The index that means none.
    static let none = UInt16.max
    private static let bucketCount = 64

    private var base: UnsafeMutableRawPointer?
    private var size = BufferPool.Size.small
    /// Shares ever used since the last reset; some of them may be free again.
    private(set) var used = 0
    private var free = FairShares.none
    /// Sources that have packets in the lane.
    private(set) var count = 0
    /// The share used last: most packets come in runs from one source.
    private var latest = FairShares.none

    /// The shares by index.
    var shares: UnsafeMutablePointer<Share> {
        guard let base else { preconditionFailure("there are no shares") }
        return (base + Self.bucketCount * 2).assumingMemoryBound(to: Share.self)
    }

    /// The share of a source, an empty one when it has none yet.
    mutating func share(of source: UInt64, from pool: inout BufferPool) -> UInt16 {
        latest = find(source) ?? insert(source, from: &pool)
        return latest
    }

    /// The share of a source that has packets here.
    func find(_ source: UInt64) -> UInt16? {
        guard base != nil else { return nil }
        if latest != Self.none, shares[Int(latest)].source == source { return latest }
        var index = buckets[Self.bucket(of: source)]
        while index != Self.none {
            if shares[Int(index)].source == source { return index }
            index = shares[Int(index)].next
        }
        return nil
    }

    /// Gives up a share without packets.
    mutating func remove(_ index: UInt16) {
        let bucket = Self.bucket(of: shares[Int(index)].source)
        if buckets[bucket] == index {
            buckets[bucket] = shares[Int(index)].next
        } else {
            var previous = buckets[bucket]
            while shares[Int(previous)].next != index { previous = shares[Int(previous)].next }
            shares[Int(previous)].next = shares[Int(index)].next
        }
        shares[Int(index)].next = free
        free = index
        count -= 1
        if latest == index { latest = Self.none }
    }

    /// The share that costs most; `favoured` wins a tie, so that who makes the lane overflow pays for it.
    func heaviest(favouring favoured: UInt16) -> UInt16 {
        var heaviest = favoured
        for index in 0..<used where shares[index].packets > 0 && shares[index].cost > shares[Int(heaviest)].cost {
            heaviest = UInt16(truncatingIfNeeded: index)
        }
        return heaviest
    }

    mutating func release(to pool: inout BufferPool) {
        if let base { pool.give(base, size) }
        base = nil
        used = 0
        free = Self.none
        count = 0
        latest = Self.none
    }

    private var buckets: UnsafeMutablePointer<UInt16> {
        guard let base else { preconditionFailure("there are no shares") }
        return base.assumingMemoryBound(to: UInt16.self)
    }

    private mutating func insert(_ source: UInt64, from pool: inout BufferPool) -> UInt16 {
        let index: UInt16
        if free != Self.none {
            index = free
            free = shares[Int(free)].next
        } else {
            if base == nil {
                base = pool.take(.small)
                size = .small
                clearBuckets()
            } else if used == capacity {
                grow(from: &pool)
            }
            index = UInt16(truncatingIfNeeded: used)
            used += 1
        }
        let bucket = Self.bucket(of: source)
        shares[Int(index)] = Share(source: source, cost: 0, packets: 0, oldest: 0, newest: 0, next: buckets[bucket])
        buckets[bucket] = index
        count += 1
        return index
    }

    private var capacity: Int { (size.byteCount - Self.bucketCount * 2) / MemoryLayout<Share>.stride }

    private mutating func grow(from pool: inout BufferPool) {
        guard let old = base, let larger = size.larger else {
            preconditionFailure("a lane has fewer packets than the largest buffer has shares")
        }
        let bigger = pool.take(larger)
        bigger.copyMemory(from: old, byteCount: size.byteCount)
        pool.give(old, size)
        base = bigger
        size = larger
    }

    private mutating func clearBuckets() {
        buckets.update(repeating: Self.none, count: Self.bucketCount)
        used = 0
        free = Self.none
        count = 0
        latest = Self.none
    }

    /// Identities are slot numbers with a shard and a generation: a multiplication spreads all their bits.
    private static func bucket(of source: UInt64) -> Int {
        Int((source &* 0x9e37_79b9_7f4a_7c15) >> 58)
    }
}

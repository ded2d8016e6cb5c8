/// Counts durations in buckets a thirty-second part wide, so that a percentile is exact to 3 %.
struct Histogram {
    private static let subBucketBits = 5
    private static let subBucketCount = 1 << subBucketBits

    private var counts = [UInt64](repeating: 0, count: 64 * subBucketCount)
    private(set) var count: UInt64 = 0

    mutating func record(_ nanoseconds: Int64) {
        counts[Self.index(of: UInt64(max(0, nanoseconds)))] += 1
        count += 1
    }

    mutating func removeAll() {
        self = Histogram()
    }

    /// Adds what another one has recorded.
    mutating func add(_ other: Histogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
    }

    /// The duration in microseconds that a part of all recorded ones does not exceed; nil when none was recorded.
    func percentile(_ part: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = UInt64((part * Double(count)).rounded(.up))
        var seen: UInt64 = 0
        for (index, bucket) in counts.enumerated() {
            seen += bucket
            if seen >= max(1, rank) { return Double(Self.value(of: index)) / 1000 }
        }
        return nil
    }

    /// Values below 32 have a bucket each; above, the five bits behind the leading one choose it.
    private static func index(of value: UInt64) -> Int {
        guard value >= UInt64(subBucketCount) else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let shift = exponent - subBucketBits
        return (shift + 1) << subBucketBits + Int(value >> UInt64(shift)) & (subBucketCount - 1)
    }

    /// The middle of a bucket.
    private static func value(of index: Int) -> UInt64 {
        guard index >= subBucketCount else { return UInt64(index) }
        let shift = UInt64(index >> subBucketBits - 1)
        let start = UInt64(subBucketCount + index & (subBucketCount - 1)) << shift
        return start + (1 << shift) / 2
    }
}

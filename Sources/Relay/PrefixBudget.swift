internal import Wire

/// How many replies that are larger than their requests each source network gets, so that forged requests cannot make a reflector of us.
///
/// A network is a /24 or a /56, without the port. The table has a fixed size: each network has four places it may take, and a new one takes
/// that of the fullest bucket, the one that has been quiet for longest.
struct PrefixBudget: ~Copyable {
    private struct Bucket {
        /// The network, 0 for none.
        var network: UInt64 = 0
        var filledAt: Instant = .zero
        var tokens: Double = 0
    }

    private static let ways = 4
    private static let setCount = 4096

    private let rate: STUNRate
    private let seed: UInt64
    private let buckets: UnsafeMutablePointer<Bucket>

    init(_ rate: STUNRate, using random: inout some RandomNumberGenerator) {
        self.rate = rate
        seed = random.next() | 1
        buckets = .allocate(capacity: Self.ways * Self.setCount)
        buckets.initialize(repeating: Bucket(), count: Self.ways * Self.setCount)
    }

    deinit {
        buckets.deallocate()
    }

    /// Takes one reply from the budget of the network that `address` is in; false when it is used up.
    mutating func take(_ address: IPAddress, at now: Instant) -> Bool {
        guard rate.perSecond > 0, !address.isLoopback else { return true }
        let network = Self.network(of: address)
        let bucket = find(network, at: now)
        if now > bucket.pointee.filledAt {
            let gain = (now - bucket.pointee.filledAt).inSeconds * Double(rate.perSecond)
            bucket.pointee.tokens = min(Double(rate.burst), bucket.pointee.tokens + gain)
            bucket.pointee.filledAt = now
        }
        guard bucket.pointee.tokens >= 1 else { return false }
        bucket.pointee.tokens -= 1
        return true
    }

    private func find(_ network: UInt64, at now: Instant) -> UnsafeMutablePointer<Bucket> {
        let place = Int((network &* seed) >> 52) & (Self.setCount - 1)
        let set = buckets + place * Self.ways
        var fullest = set
        for way in 0..<Self.ways {
            let bucket = set + way
            if bucket.pointee.network == network { return bucket }
            if bucket.pointee.network == 0 {
                fullest = bucket
                break
            }
            if tokens(bucket.pointee, at: now) > tokens(fullest.pointee, at: now) { fullest = bucket }
        }
        fullest.pointee = Bucket(network: network, filledAt: now, tokens: Double(rate.burst))
        return fullest
    }

    private func tokens(_ bucket: Bucket, at now: Instant) -> Double {
        bucket.tokens + (now - bucket.filledAt).inSeconds * Double(rate.perSecond)
    }

    /// The first 56 bits of an IPv6 address, or 24 of an IPv4 address with a mark that no IPv6 prefix has.
    private static func network(of address: IPAddress) -> UInt64 {
        if let ipv4 = address.ipv4 { return UInt64(ipv4 & 0xffff_ff00) | 1 }
        return (address.ipv6?.high ?? 0) & ~0xff | 2
    }
}

internal import CryptoBox
internal import Wire

/// Issues challenges and takes each of them back once.
///
/// A challenge proves its own origin and age, so that asking for one costs the server no memory; only those that came
/// back in a valid proof are remembered, for as long as they could be replayed. A restart voids all of them.
/// ```
/// 0                  8         16                             32
/// +------------------+----------+------------------------------+
/// | issued at, ns    | random   | HMAC-SHA-256, first 16 bytes |
/// +------------------+----------+------------------------------+
/// ```
struct ChallengeBook: Sendable {
    private let key: [UInt8]
    private var used: Set<Challenge> = []
    /// The used challenges with the time when each may be forgotten, oldest first from `firstKept` on.
    private var order: [(forgetAt: Instant, challenge: Challenge)] = []
    private var firstKept = 0

    /// - Parameter random: The source of the key that marks this server's challenges.
    init(using random: inout some RandomNumberGenerator) {
        key = random.bytes(32)
    }

    /// How many used challenges are remembered.
    var usedCount: Int { used.count }

    /// Makes a challenge.
    func issue(at now: Instant, using random: inout some RandomNumberGenerator) -> Challenge? {
        var writer = ByteWriter(reservingCapacity: Challenge.byteCount)
        writer.write(UInt64(bitPattern: now.nanoseconds))
        writer.write(random.bytes(8))
        return Challenge(writer.bytes + mark(of: writer.bytes))
    }

    /// Takes a challenge back, once and within its lifetime.
    mutating func accept(_ challenge: Challenge, at now: Instant, limits: RegistryLimits) throws(RegistryError) {
        forget(at: now)
        var reader = ByteReader(challenge.bytes.bytes)
        guard Digest.constantTimeEqual(mark(of: Array(challenge.bytes.prefix(16))), Array(challenge.bytes.suffix(16))),
            let word = try? reader.readUInt64()  // Eight bytes are there: it cannot fail.
        else { throw .challengeRefused }
        let issued = Instant(nanoseconds: Int64(bitPattern: word))
        guard issued <= now, now < issued + limits.challengeLifetime, !used.contains(challenge) else { throw .challengeRefused }
        guard used.count < limits.usedChallenges else { throw .tooManyChallenges }
        used.insert(challenge)
        // Lifetimes may be reconfigured: from its use on, a challenge is kept for the whole of the present one.
        order.append((now + limits.challengeLifetime, challenge))
    }

    private mutating func forget(at now: Instant) {
        while firstKept < order.count, order[firstKept].forgetAt <= now {
            used.remove(order[firstKept].challenge)
            firstKept += 1
        }
        if firstKept * 2 > order.count {
            order.removeFirst(firstKept)
            firstKept = 0
        }
    }

    private func mark(of bytes: [UInt8]) -> [UInt8] {
        Array(Digest.hmacSHA256(bytes, key: key).prefix(16))
    }
}

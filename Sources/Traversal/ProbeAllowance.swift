package import Wire

/// Limits how many probes a whole node sends to addresses that have not answered: one value for all its peers.
///
/// `ProbeBudget` bounds what one peer's word costs. A coordination server can invent peers without end, all of which name one
/// victim, and take them away again. So this counts by address, whoever names it, and outlives every peer.
package struct ProbeAllowance: Sendable {
    /// Probes to one address that has not answered: at once, and per second. Six peers behind one NAT get their handful at the
    /// same moment, and five their share of later rounds.
    static let probesPerAddress = 48.0
    static let probesPerSecond = 0.5
    /// Openers towards one address. They die on the way to it, unless it is as near as their TTL: a neighbour must not be flooded.
    static let openersPerAddress = 96.0
    static let openersPerSecond = 2.0
    /// Probes and openers to all addresses that have not answered: what a hundred peers need that are met at the same moment, and
    /// then no more than 13 KB a second.
    static let packets = 2048.0
    static let packetsPerSecond = 100.0
    /// How long an answer lifts the limit of its address.
    static let answerMemory: Duration = .seconds(600)
    /// Addresses that are being probed. When all are in use a further one is refused: forgetting one would refill its bucket.
    static let maximumStrangers = 1024
    /// Addresses whose answers are remembered; beyond them an address stays limited.
    static let maximumAcquaintances = 4096

    private struct Stranger: Sendable {
        var probes: TokenBucket
        var openers: TokenBucket

        init(at now: Instant) {
            probes = TokenBucket(rate: probesPerSecond, burst: probesPerAddress, at: now)
            openers = TokenBucket(rate: openersPerSecond, burst: openersPerAddress, at: now)
        }

        mutating func isFresh(at now: Instant) -> Bool {
            probes.isFull(at: now) && openers.isFull(at: now)
        }
    }

    private var strangers: [IPAddress: Stranger] = [:]
    private var acquaintances: [IPAddress: Instant] = [:]
    private var all: TokenBucket

    package init(at now: Instant) {
        all = TokenBucket(rate: Self.packetsPerSecond, burst: Self.packets, at: now)
    }

    /// Asks for one probe to `address`.
    ///
    /// - Parameter isOpener: it has a TTL that does not lead there.
    mutating func take(for address: IPAddress, isOpener: Bool, at now: Instant) -> Bool {
        if let answeredAt = acquaintances[address], now - answeredAt < Self.answerMemory { return true }
        guard var stranger = stranger(at: address, at: now), all.delay(at: now) == .zero else { return false }
        guard isOpener ? stranger.openers.take(at: now) : stranger.probes.take(at: now) else { return false }
        strangers[address] = stranger
        return all.take(at: now)
    }

    /// Notes that an authentic answer to a probe came from `address`.
    mutating func answered(from address: IPAddress, at now: Instant) {
        if acquaintances[address] == nil, acquaintances.count >= Self.maximumAcquaintances {
            acquaintances = acquaintances.filter { now - $0.value < Self.answerMemory }
            guard acquaintances.count < Self.maximumAcquaintances else { return }
        }
        acquaintances[address] = now
    }

    private mutating func stranger(at address: IPAddress, at now: Instant) -> Stranger? {
        if let known = strangers[address] { return known }
        if strangers.count >= Self.maximumStrangers {
            strangers = strangers.filter { entry in
                var stranger = entry.value
                return !stranger.isFresh(at: now)
            }
            guard strangers.count < Self.maximumStrangers else { return nil }
        }
        return Stranger(at: now)
    }
}

internal import Wire

/// Limits how many probes one peer can make us send, in all and to each address.
///
/// A peer's candidates are its word only: it may name a victim, or many. So an address that never answered an authentic
/// probe gets a handful of packets, and all addresses together a bounded rate. A probe that the budget refuses is not sent.
/// While the agent is at work the budget also holds the node's `ProbeAllowance`, and asks it too.
struct ProbeBudget: Sendable {
    /// Probes for one peer: `probesPerPeer` at once, then `probesPerSecond`. Two sockets, eight candidates and all attempts
    /// of a round fit; a peer under attack or a table of 64 candidates does not empty a home router's connection table.
    static let probesPerPeer = 100.0
    static let probesPerSecond = 5.0
    /// Probes to an address that has not answered: `handful` at once, then six a minute. Two rounds for a NAT's endpoint, an
    /// opener and three attempts each.
    static let handful = 8.0
    static let unansweredPerSecond = 1.0 / 10
    /// Probes that answer an authentic ping from an address, while it has not answered itself: that the ping came from there is
    /// better than the peer's word, but a source can be forged.
    static let triggered = 6.0
    static let triggeredPerSecond = 1.0 / 10
    /// Probes to an address that has answered: it is the peer's, and a cut path needs retries.
    static let answeredBurst = 40.0
    static let answeredPerSecond = 2.0
    /// How long an answer counts.
    static let answerMemory: Duration = .seconds(600)
    /// Packets of one burst, and the rate behind it: a modest uplink queues no more than a few milliseconds of probes.
    static let paceBurst = 24.0
    static let pacePerSecond = 400.0
    /// Addresses remembered. When all are in use a further one is refused: forgetting one would refill its bucket.
    static let maximumTargets = 128

    private struct Target: Sendable {
        var bucket: TokenBucket
        var triggered: TokenBucket
        var answeredAt: Instant?

        init(at now: Instant) {
            bucket = TokenBucket(rate: ProbeBudget.unansweredPerSecond, burst: ProbeBudget.handful, at: now)
            triggered = TokenBucket(rate: ProbeBudget.triggeredPerSecond, burst: ProbeBudget.triggered, at: now)
        }

        init(answeredAt now: Instant) {
            bucket = TokenBucket(rate: ProbeBudget.answeredPerSecond, burst: ProbeBudget.answeredBurst, at: now)
            triggered = bucket
            answeredAt = now
        }

        mutating func take(isTriggered: Bool, at now: Instant) -> Bool {
            isTriggered && triggered.take(at: now) || bucket.take(at: now)
        }
    }

    private var peer: TokenBucket
    private var pace: TokenBucket
    private var targets: [IPAddress: Target] = [:]
    /// The node's allowance while it is lent, else one of no use.
    private var allowance: ProbeAllowance
    /// Addresses that have answered since the node's allowance was last here.
    private var answers: Set<IPAddress> = []

    init(at now: Instant) {
        peer = TokenBucket(rate: Self.probesPerSecond, burst: Self.probesPerPeer, at: now)
        pace = TokenBucket(rate: Self.pacePerSecond, burst: Self.paceBurst, at: now)
        allowance = ProbeAllowance(at: now)
    }

    /// Takes the node's allowance and tells it of the answers that came while it was not here.
    mutating func borrow(_ nodes: inout ProbeAllowance, at now: Instant) {
        swap(&allowance, &nodes)
        for address in answers { allowance.answered(from: address, at: now) }
        answers.removeAll()
    }

    /// Gives the allowance back.
    mutating func giveBack(_ nodes: inout ProbeAllowance) {
        swap(&allowance, &nodes)
    }

    enum Verdict: Equatable {
        case granted
        /// Sent too many at once: try again after this time.
        case paced(Duration)
        /// The peer's or the address's budget is spent.
        case spent
    }

    /// Asks for one probe to `address`.
    ///
    /// - Parameter isTriggered: it answers an authentic ping from there.
    mutating func take(for address: IPAddress, isTriggered: Bool, at now: Instant) -> Verdict {
        if let delay = pace.delay(at: now), delay > .zero { return .paced(delay) }
        guard peer.delay(at: now) == .zero, var target = target(for: address, at: now),
            target.take(isTriggered: isTriggered, at: now), allowance.take(for: address, isOpener: false, at: now)
        else { return .spent }
        _ = peer.take(at: now)
        _ = pace.take(at: now)
        targets[address] = target
        return .granted
    }

    /// Asks for one opener: it dies before it reaches its address, so that the address's own budget does not pay.
    mutating func takeOpener(for address: IPAddress, at now: Instant) -> Verdict {
        if let delay = pace.delay(at: now), delay > .zero { return .paced(delay) }
        guard peer.delay(at: now) == .zero, allowance.take(for: address, isOpener: true, at: now) else { return .spent }
        _ = peer.take(at: now)
        _ = pace.take(at: now)
        return .granted
    }

    /// Notes that an authentic answer came from `address`.
    mutating func answered(from address: IPAddress, at now: Instant) {
        if answers.count < Self.maximumTargets { answers.insert(address) }
        guard targets[address] != nil || targets.count < Self.maximumTargets else { return }
        if let answeredAt = targets[address]?.answeredAt, now - answeredAt < Self.answerMemory {
            targets[address]?.answeredAt = now
        } else {
            targets[address] = Target(answeredAt: now)
        }
    }

    /// Our own network changed: what the old one spent does not count. A peer cannot cause it.
    mutating func networkChanged(at now: Instant) {
        let answers = answers
        self = ProbeBudget(at: now)
        self.answers = answers
    }

    private mutating func target(for address: IPAddress, at now: Instant) -> Target? {
        if let known = targets[address] {
            guard let answeredAt = known.answeredAt, now - answeredAt >= Self.answerMemory else { return known }
            return Target(at: now)
        }
        if targets.count >= Self.maximumTargets {
            targets = targets.filter { entry in
                var bucket = entry.value.bucket
                return !bucket.isFull(at: now)
            }
            guard targets.count < Self.maximumTargets else { return nil }
        }
        return Target(at: now)
    }
}

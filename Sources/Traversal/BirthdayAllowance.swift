package import Wire

/// Says which attempts to guess ports a node makes: one value for all its peers.
///
/// One attempt keeps its own pace and number of packets (`BirthdayProbing`). This bounds what all of them cost together, and
/// what one address gets, whoever names it: a peer's word must not make us a nuisance to others, nor to our own gateway. It
/// outlives the sessions that ask.
package struct BirthdayAllowance: Sendable {
    /// Entries that all attempts keep in our gateway's table at one time: small home routers hold 1,024 in all, and everyone
    /// else behind them needs some. Only a search that the user has allowed goes beyond.
    package static let entryLimit = 900
    /// How long a gateway remembers a connection that nobody answers, as Linux does.
    package static let entryLifetime: Duration = .seconds(30)
    /// Datagrams of all attempts begun within `period`.
    static let packetsPerPeriod = 16_384
    static let period: Duration = .seconds(600)
    /// An address that did not answer is not tried again for this time, nor any after the gateway dropped.
    static let silence: Duration = .seconds(600)
    /// Between attempts at an address that has answered.
    static let spacing: Duration = .seconds(20)
    /// Attempts at one address within `period`, whatever it answers.
    static let attemptsPerPeriod = 6
    /// Attempts remembered: more are not begun within `period`.
    static let maximumRemembered = 256

    private struct Attempt: Sendable {
        let plan: BirthdayPlan
        let beganAt: Instant
        /// Nil while it runs.
        var end: (at: Instant, result: BirthdayResult)?

        /// Entries in the gateway's table.
        func entryCount(at now: Instant) -> Int {
            guard let end else { return plan.entryCount }
            return now - end.at < BirthdayAllowance.entryLifetime ? end.result.entryCount : 0
        }

        var hasAnswered: Bool { end?.result.outcome == .answered }
    }

    private var attempts: [Attempt] = []
    private var droppedAt: Instant?

    package init() {}

    /// Asks for an attempt. When true, `ended` must follow.
    package mutating func begin(_ plan: BirthdayPlan, at now: Instant) -> Bool {
        attempts.removeAll { $0.end.map { now - $0.at >= Self.period } ?? false }
        guard attempts.count < Self.maximumRemembered, droppedAt.map({ now - $0 >= Self.silence }) ?? true else { return false }
        guard mayAddress(plan, at: now), hasRoom(for: plan, at: now) else { return false }
        attempts.append(Attempt(plan: plan, beganAt: now))
        return true
    }

    /// Notes that an attempt is over.
    package mutating func ended(_ plan: BirthdayPlan, _ result: BirthdayResult, at now: Instant) {
        guard let index = attempts.firstIndex(where: { $0.end == nil && $0.plan == plan }) else { return }
        switch result.outcome {
        case .moved:
            // Another network: another gateway, which owes nothing to this attempt.
            attempts.remove(at: index)
            return
        case .dropped: droppedAt = now
        case .answered, .silent: break
        }
        attempts[index].end = (now, result)
    }

    private func mayAddress(_ plan: BirthdayPlan, at now: Instant) -> Bool {
        let earlier = attempts.filter { $0.plan.target == plan.target }
        guard earlier.count < Self.attemptsPerPeriod else { return false }
        return earlier.allSatisfy { attempt in
            guard let end = attempt.end else { return false }
            return attempt.hasAnswered ? now - attempt.beganAt >= Self.spacing : now - end.at >= Self.silence
        }
    }

    private func hasRoom(for plan: BirthdayPlan, at now: Instant) -> Bool {
        if plan.role == .searcher, attempts.contains(where: { $0.plan.role == .searcher && $0.end == nil }) { return false }
        // The user has asked for the long search, and knows what it costs.
        let others = attempts.filter { !$0.plan.isExhaustive }
        guard !plan.isExhaustive else { return true }
        let entries = others.reduce(plan.entryCount) { $0 + $1.entryCount(at: now) }
        let packets = others.reduce(plan.packetCount) { $0 + $1.plan.packetCount }
        return entries <= Self.entryLimit && packets <= Self.packetsPerPeriod
    }
}

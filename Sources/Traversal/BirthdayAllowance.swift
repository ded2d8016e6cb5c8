package import Wire

/// Says which attempts to guess ports a node makes: one value for all its peers.
///
/// One attempt keeps its own pace and number of packets (`BirthdayProbing`). This bounds what all of them cost together, and
/// what one address gets, whoever names it: a peer's word must not make us a nuisance to others, nor to our own gateway.
package struct BirthdayAllowance: Sendable {
    /// Attempts at the same time: each costs a gateway as many entries in its table as it has packets, for half a minute.
    static let maximumRunning = 2
    /// Datagrams of all attempts begun within `period`: eight full ones.
    static let packetsPerPeriod = 16_384
    static let period: Duration = .seconds(600)
    /// An address that did not answer is not guessed at again for this time.
    static let silence: Duration = .seconds(600)
    /// Between attempts at an address that has answered, or that we only open ports for.
    static let spacing: Duration = .seconds(20)
    /// Attempts at one address within `period`, whatever it answers.
    static let attemptsPerPeriod = 6
    /// Attempts remembered: more are not begun within `period`.
    static let maximumRemembered = 256

    private struct Attempt: Sendable {
        let plan: BirthdayPlan
        let beganAt: Instant
        var isRunning = true
        var isAnswered = false
    }

    private var attempts: [Attempt] = []

    package init() {}

    /// Asks for an attempt. When true, `ended` must follow.
    package mutating func begin(_ plan: BirthdayPlan, at now: Instant) -> Bool {
        attempts.removeAll { !$0.isRunning && now - $0.beganAt >= Self.period }
        let running = attempts.count(where: \.isRunning)
        guard running < Self.maximumRunning, attempts.count < Self.maximumRemembered else { return false }
        switch plan.role {
        // The user has asked for it, and it keeps a slower pace.
        case .searcher: guard running == 0 else { return false }
        case .opener, .guesser:
            let spent = attempts.reduce(0) { $0 + ($1.plan.role == .searcher ? 0 : $1.plan.packetCount) }
            guard spent + plan.packetCount <= Self.packetsPerPeriod else { return false }
        }
        let earlier = attempts.filter { $0.plan.target == plan.target }
        guard earlier.count < Self.attemptsPerPeriod, !earlier.contains(where: \.isRunning) else { return false }
        if let last = earlier.last {
            let isSilent = plan.role == .guesser && !last.isAnswered
            guard now - last.beganAt >= (isSilent ? Self.silence : Self.spacing) else { return false }
        }
        attempts.append(Attempt(plan: plan, beganAt: now))
        return true
    }

    /// Notes that an attempt is over.
    ///
    /// - Parameter isAnswered: whether the peer answered.
    package mutating func ended(_ plan: BirthdayPlan, isAnswered: Bool) {
        guard let index = attempts.firstIndex(where: { $0.isRunning && $0.plan == plan }) else { return }
        attempts[index].isRunning = false
        attempts[index].isAnswered = isAnswered
    }
}

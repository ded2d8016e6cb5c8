internal import Wire

/// The candidate pairs of one discovery, in priority order, with what each has been sent.
///
/// All pairs are tried at once. A pair whose remote side may stand behind a gateway that is spoilt by an early stray packet
/// first gets an *opener*: a ping with a TTL that leaves our gateway and does not reach the peer's. Real pings follow when
/// the peer is known to have started.
struct CheckList: Sendable {
    /// Pairs kept; those of lowest priority are left out.
    static let maximumPairs = 128
    /// Pings to one pair in one round.
    static let maximumAttempts = 3
    /// Pings to a guessed endpoint in one round: it shares the address's budget with a better one.
    static let attemptsForGuess = 1
    /// Pings to one pair once another pair has answered.
    static let attemptsBesideSuccess = 2
    /// Until the second ping, and from there to the third.
    static let retries: [Duration] = [.milliseconds(200), .milliseconds(600)]
    /// At least so long between a triggered ping and the one before it on the same pair.
    static let triggerSpacing: Duration = .milliseconds(5)

    struct Check: Sendable {
        let path: DirectPath
        let candidate: Candidate
        /// Real pings sent in this round.
        var attempts = 0
        /// Whether an opener went out in this round.
        var isOpened = false
        /// When the next ping is due; nil when none is planned.
        var nextAttempt: Instant?
        var lastAttempt: Instant?
        /// When the last real ping was sent, in any round.
        var lastPing: Instant?
        /// The next ping answers one from the peer.
        var isTriggered = false
        /// The peer named this endpoint in the middle of a round: what showed that it had started says nothing of this one.
        var isUnannounced = false
    }

    private(set) var checks: [Check] = []
    /// The earliest `nextAttempt`.
    private(set) var nextDue: Instant?
    /// Pings that each pair may get in the current round.
    private var attemptLimit = maximumAttempts

    var isEmpty: Bool { checks.isEmpty }

    // MARK: Content

    /// Makes the list match sockets and candidates: new pairs are appended idle, vanished ones dropped, others kept as they are.
    ///
    /// - Returns: the new pairs.
    mutating func update(sockets: [LocalSocket], candidates: [Candidate], excluding own: Set<Endpoint>) -> [DirectPath] {
        var known: [DirectPath: Check] = [:]
        for check in checks { known[check.path] = check }
        var updated: [Check] = []
        var added: [DirectPath] = []
        for candidate in candidates where !own.contains(candidate.endpoint) {
            for socket in sockets where socket.family == candidate.endpoint.address.family {
                guard updated.count < Self.maximumPairs else { break }
                let path = DirectPath(socket: socket.id, endpoint: candidate.endpoint)
                var check = Check(path: path, candidate: candidate)
                if let old = known[path] { check.copyProgress(of: old) } else { added.append(path) }
                updated.append(check)
            }
        }
        checks = updated
        rearm()
        return added
    }

    mutating func removeAll() {
        checks = []
        nextDue = nil
    }

    // MARK: Scheduling

    /// Begins a round: every pair but those in `working` is due at once.
    mutating func start(skipping working: Set<DirectPath>, at now: Instant) {
        attemptLimit = Self.maximumAttempts
        for index in checks.indices {
            checks[index].attempts = 0
            checks[index].isOpened = false
            checks[index].isUnannounced = false
            checks[index].nextAttempt = working.contains(checks[index].path) ? nil : now
        }
        rearm()
    }

    /// Makes some pairs due at once, as if their round began now.
    mutating func start(only paths: [DirectPath], at now: Instant) {
        for index in checks.indices where paths.contains(checks[index].path) {
            checks[index].attempts = 0
            checks[index].isOpened = false
            checks[index].isUnannounced = true
            checks[index].nextAttempt = now
        }
        rearm()
    }

    /// Pairs that want an opener wait until both sides start at once.
    mutating func hold(until start: Instant, where wantsOpener: (Check) -> Bool) {
        for index in checks.indices where checks[index].nextAttempt != nil && wantsOpener(checks[index]) {
            checks[index].nextAttempt = start
        }
        rearm()
    }

    /// The peer says that it starts now: pairs that were held are due.
    mutating func release(at now: Instant) {
        for index in checks.indices where checks[index].attempts == 0 {
            if let due = checks[index].nextAttempt { checks[index].nextAttempt = min(due, now) }
        }
        rearm()
    }

    /// The peer has started too: pairs that only got an opener are due at once.
    mutating func peerStarted(at now: Instant) {
        for index in checks.indices {
            checks[index].isUnannounced = false
            if checks[index].isOpened, checks[index].attempts == 0 { checks[index].nextAttempt = now }
        }
        rearm()
    }

    /// An authentic ping came by this pair: ping back at once, whatever the round says.
    mutating func trigger(_ path: DirectPath, at now: Instant) {
        guard let index = checks.firstIndex(where: { $0.path == path }) else { return }
        var due = now
        if let last = checks[index].lastAttempt { due = max(due, last + Self.triggerSpacing) }
        checks[index].attempts = min(checks[index].attempts, max(0, attemptLimit - 2))
        checks[index].isOpened = true
        checks[index].isTriggered = true
        checks[index].nextAttempt = min(checks[index].nextAttempt ?? due, due)
        rearm()
    }

    /// A pong came: the pair needs no more pings of this round.
    mutating func succeeded(_ path: DirectPath) {
        guard let index = checks.firstIndex(where: { $0.path == path }) else { return }
        checks[index].nextAttempt = nil
        rearm()
    }

    /// The round is over: nothing is planned any more.
    mutating func stop() {
        for index in checks.indices { checks[index].nextAttempt = nil }
        nextDue = nil
    }

    /// The pairs that are due: those never tried first, then those tried longest ago, the better one first among equals.
    ///
    /// So a budget that is short of probes serves all pairs in turn, also those behind a pair that leads nowhere.
    func due(at now: Instant) -> [Int] {
        guard let nextDue, nextDue <= now else { return [] }
        return checks.indices.filter { checks[$0].nextAttempt.map { $0 <= now } ?? false }
            .sorted { left, right in
                let (first, second) = (checks[left].lastPing, checks[right].lastPing)
                return first == second ? left < right : first.map { one in second.map { one < $0 } ?? false } ?? true
            }
    }

    /// An opener went out on a pair. Real pings follow when the peer is known to have started, and not before.
    mutating func opened(_ index: Int, at now: Instant) {
        checks[index].isOpened = true
        checks[index].lastAttempt = now
        checks[index].nextAttempt = nil
        rearm()
    }

    /// A real ping went out on a pair.
    mutating func pinged(_ index: Int, at now: Instant) {
        checks[index].attempts += 1
        checks[index].isTriggered = false
        checks[index].lastAttempt = now
        checks[index].lastPing = now
        let attempts = checks[index].attempts
        let limit = checks[index].candidate.kind == .guessed ? Self.attemptsForGuess : attemptLimit
        checks[index].nextAttempt = attempts < limit ? now + Self.retries[min(attempts, Self.retries.count) - 1] : nil
        rearm()
    }

    /// All that is due waits until `later`.
    mutating func postponeDue(until later: Instant, at now: Instant) {
        for index in checks.indices {
            if let due = checks[index].nextAttempt, due <= now { checks[index].nextAttempt = later }
        }
        rearm()
    }

    /// No more pings to the pair in this round: it cannot be sent to.
    mutating func giveUp(_ path: DirectPath) {
        succeeded(path)
    }

    /// A path works: the other pairs get few more attempts, enough to find a better one.
    mutating func limitAttempts() {
        guard attemptLimit != Self.attemptsBesideSuccess else { return }
        attemptLimit = Self.attemptsBesideSuccess
        for index in checks.indices where checks[index].attempts >= Self.attemptsBesideSuccess {
            checks[index].nextAttempt = nil
        }
        rearm()
    }

    /// The pair's ping must wait, or is not sent in this round.
    mutating func postpone(_ index: Int, until later: Instant?) {
        checks[index].nextAttempt = later
        rearm()
    }

    private mutating func rearm() {
        nextDue = checks.lazy.compactMap(\.nextAttempt).min()
    }
}

extension CheckList.Check {
    fileprivate mutating func copyProgress(of other: Self) {
        attempts = other.attempts
        isOpened = other.isOpened
        nextAttempt = other.nextAttempt
        lastAttempt = other.lastAttempt
        lastPing = other.lastPing
        isTriggered = other.isTriggered
        isUnannounced = other.isUnannounced
    }

    /// Whether an early real ping could spoil the peer's gateway: the candidate is, or may be, on the outside of a NAT.
    func wantsOpener(remote: NATBehavior?) -> Bool {
        guard path.endpoint.address.isIPv4, candidate.kind != .host else { return false }
        guard let remote else { return true }
        return remote.isTranslated != false && remote.filtering != .endpointIndependent
    }
}

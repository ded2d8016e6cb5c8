internal import Wire

/// One direct path that has answered: its latency, whether it is to be trusted, and when to ping it again.
///
/// Only an answered ping proves a path, since only that went both ways: data received says nothing of our own direction.
struct PathHealth: Sendable {
    /// Between pings while traffic is sent, so that a cut is noticed within three seconds.
    static let activeInterval: Duration = .seconds(1)
    /// A path proven longer ago than this carries traffic together with the relay, until it is proven again.
    static let trustWindow: Duration = .milliseconds(6500)
    /// Unanswered pings that put a path in doubt.
    static let doubtAfter = 2
    /// Unanswered pings after which a path is dead: with the waits between them 1.6 s or more.
    static let deadAfter = 4
    /// Bounds of the time to wait for a pong before the next ping.
    static let shortestTimeout: Duration = .milliseconds(200)
    static let longestTimeout: Duration = .seconds(1)

    /// Whatever happens, no more pings than this allows.
    static let leastSpacing: Duration = .milliseconds(50)

    let path: DirectPath
    /// Smoothed round-trip time.
    private(set) var latency: Duration
    /// Answers so far.
    private(set) var answers = 1
    /// When the last answer came.
    private(set) var provenAt: Instant
    /// Pings that timed out since the last answer.
    private(set) var missed = 0
    /// How large a datagram gets through.
    var capacity = PathCapacity()
    /// How often to ping while all is well; nil when nobody keeps the path warm.
    var interval: Duration?
    /// When the last ping was sent.
    private var pingedAt: Instant
    /// When the ping on its way counts as lost; nil when none is.
    private var timeoutAt: Instant?
    /// A ping is wanted now, whatever the interval.
    private var proveAt: Instant?
    /// Since when something speaks against the path, if not of it: it took over from one that failed, or the peer has left it.
    private var unsureSince: Instant?
    /// When someone said that the path is broken: only a ping sent after that clears it.
    private var suspectedAt: Instant?

    init(path: DirectPath, latency: Duration, at now: Instant) {
        self.path = path
        self.latency = latency
        provenAt = now
        pingedAt = now - latency
    }

    var score: PathScore { PathScore(address: path.endpoint.address, latency: latency) }

    /// When the next ping is due.
    var nextPing: Instant? {
        if let timeoutAt { return timeoutAt }
        let regular = interval.map { KeepaliveSchedule.aligned(pingedAt + $0) }
        guard let proveAt else { return regular }
        let proof = max(proveAt, pingedAt + Self.leastSpacing)
        return min(proof, regular ?? proof)
    }

    /// Whether traffic may go here without the relay's company.
    func isTrusted(at now: Instant) -> Bool {
        !isFailing && unsureSince == nil && now - provenAt <= Self.trustWindow
    }

    /// Whether pings go unanswered or someone reported a break. Age alone does not count.
    var isFailing: Bool { suspectedAt != nil || missed >= Self.doubtAfter }

    /// Whether the relay carries a copy of traffic, whatever the path's age.
    var isInDoubt: Bool { isFailing || unsureSince != nil }

    /// Whether so many pings went unanswered that the path is given up.
    var isDead: Bool { missed >= Self.deadAfter }

    /// The time a pong may take.
    var timeout: Duration {
        min(max(latency * 2 + .milliseconds(50), Self.shortestTimeout), Self.longestTimeout)
    }

    // MARK: Events

    mutating func answered(latency sample: Duration, sentAt: Instant, at now: Instant) {
        latency += (sample - latency) / (answers < 3 ? 2 : 4)
        answers += 1
        provenAt = now
        missed = 0
        timeoutAt = nil
        proveAt = nil
        if let unsureSince, sentAt >= unsureSince { self.unsureSince = nil }
        if let suspectedAt, sentAt >= suspectedAt { self.suspectedAt = nil }
        if isInDoubt { proveAt = now }
    }

    /// Puts the path in doubt until a ping from now on is answered. Told again while in doubt it changes nothing: a gateway that
    /// refuses every ping would else keep a dead path alive.
    mutating func suspect(at now: Instant) {
        guard suspectedAt == nil else { return }
        suspectedAt = now
        timeoutAt = nil
        proveAt = now
    }

    /// The path is no worse than before, but may be: the relay keeps it company until a ping from now on is answered.
    mutating func becomeUnsure(at now: Instant) {
        unsureSince = now
        if timeoutAt == nil { proveAt = now }
    }

    /// Asks for a ping now unless one is on its way.
    mutating func prove(at now: Instant) {
        if timeoutAt == nil, proveAt == nil { proveAt = now }
    }

    /// Asks for a ping now unless the last answer is no older than `age`.
    mutating func proveIfOlder(than age: Duration, at now: Instant) {
        if now - provenAt > age { prove(at: now) }
    }

    /// The next ping is due: counts the one before it as lost if it was not answered, and waits for this one.
    mutating func pinging(at now: Instant) {
        if timeoutAt != nil { missed += 1 }
        pingedAt = now
        proveAt = nil
        // The second ping follows quickly; the loss of further ones says less and less.
        timeoutAt = now + min(timeout * (1 << max(0, missed - 1)), Self.longestTimeout)
    }
}

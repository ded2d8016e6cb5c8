internal import Wire

/// One attempt to find a direct path by guessing external ports, where nothing else can (RFC 5128 §3.4 calls it impractical to
/// predict them; chance and numbers do).
///
/// **One hard side.** A NAT with address-and-port-dependent mapping (RFC 4787 §4.1) gives each socket that writes to the peer an
/// external port of its own, and nobody can see which. So the hard side, the *opener*, writes to the peer's mapped endpoint from
/// `m` sockets. The easy side's mapping is the same for all destinations; it is the *guesser* and sends pings to random ports of the
/// opener's address. A ping that hits one of the `m` ports comes from the endpoint that the opener's socket wrote to, so every
/// filter lets it in, and the answer too: a path.
///
/// *Arithmetic.* Of `N` = 64,512 ports (1024–65535) `m` are good, and `n` different guesses all miss with a probability of about
/// `(1 − n/N)^m`. Each socket is an entry in the opener's gateway, each guess one in the guesser's, and a small home router has
/// 1,024 in all. What counts is the product: `m` = `n` = 704 leave others nearly a third of both tables and
/// miss in 0.05 % of all cases; 256 sockets would need 1,930 guesses. Both send 300 a second, so that half of all paths are found
/// in a second. The guesses that came before the socket that they meet are made again, at no cost in entries (`GuessWaves`).
/// When the gateway has forgotten a wave, a second one follows, for the 0.05 %. In a block of `N` = 1,024 ports 128 sockets leave the
/// carrier's customer most of it and need 37 guesses for 99 %, and in a sequence the `m` ports follow each other: a few guesses.
///
/// *Openers.* The first packets of the opener have a TTL that opens its own NAT and does not reach the peer's, which some gateways
/// would punish, and which would cost others an entry. They go far enough to pass a carrier's NAT, half of them at once
/// and half soon after. At last a quarter of the sockets write with the full TTL: where a carrier's NAT is further away, only
/// that opens it, and each port that the guesser has written to by then lets the packet in.
///
/// **Both sides hard.** With sequential allocation on both (RFC 4787 §4.2) each side writes from `m` sockets to the *one* port that
/// lies `predictionDistance` mappings beyond the last that a server saw. The sockets of each side take `m` ports in a row, so that
/// the predicted one is among them as long as other traffic took fewer than `predictionDistance` since, and the two sockets that
/// hold the predicted ports write to each other. Otherwise a mapping of each side must be aimed at the other's (`PortSearch`).
struct BirthdayProbing: Sendable {
    typealias Role = BirthdayPlan.Role

    /// Datagrams a second, 300 with a burst.
    static let rate = 296.0
    /// Datagrams at once.
    static let burst = 4.0
    /// Where both sides are predicted: this far beyond the port last seen, of 256.
    static let predictionDistance = 192
    /// Between steps, in milliseconds, so that no more than a burst falls due: no two nodes keep the same beat, and few wake-ups are needed.
    static let stepInterval: ClosedRange<Int64> = 4...12
    /// After the last packet of an attempt, for answers.
    static let aftermath: Duration = .seconds(1)
    /// After an opener's last packet, since its peer goes on: to the end of its last wave.
    static let aftermathOfOpener: Duration = .seconds(15)

    /// A ping to send.
    struct Probe: Sendable, Equatable {
        let path: DirectPath
        let reach: OpenerPasses.Reach
    }

    /// What to send.
    private enum Work: Sendable {
        case open(Endpoint, OpenerPasses)
        case guess(GuessWaves)
        case search(PortSearch)
        /// Another value of `work` is being worked on.
        case moved
    }

    let plan: BirthdayPlan
    /// The sockets that send.
    let sockets: [SocketID]
    private var work: Work
    private var bucket: TokenBucket
    private(set) var sent = 0
    /// Entries made in our gateway's table so far, those that it has forgotten included.
    private(set) var entryCount = 0
    private(set) var nextDeadline: Instant?
    /// The natural logarithm of the probability that no guess has hit.
    private var logMiss = 0.0

    /// Writes from all sockets to `endpoint`.
    ///
    /// - Parameters:
    ///   - sparingPeer: the first packets must not reach the peer's gateway.
    ///   - isPredicted: the endpoint is good for one of our ports only, which may be any.
    static func open(
        _ plan: BirthdayPlan, sockets: [SocketID], towards endpoint: Endpoint, sparingPeer: Bool, isPredicted: Bool,
        at now: Instant
    ) -> Self {
        let passes = OpenerPasses(socketCount: sockets.count, sparingPeer: sparingPeer, isPredicted: isPredicted, at: now)
        return Self(plan, sockets, .open(endpoint, passes), rate: rate, at: now)
    }

    /// Guesses from the plan's socket.
    static func guess(_ plan: BirthdayPlan, waves: GuessWaves, at now: Instant) -> Self {
        Self(plan, [plan.model], .guess(waves), rate: rate, at: now)
    }

    /// Searches from all sockets.
    static func search(_ plan: BirthdayPlan, sockets: [SocketID], _ search: PortSearch, at now: Instant) -> Self {
        Self(plan, sockets, .search(search), rate: search.rate, at: now)
    }

    private init(_ plan: BirthdayPlan, _ sockets: [SocketID], _ work: Work, rate: Double, at now: Instant) {
        self.plan = plan
        self.sockets = sockets
        self.work = work
        bucket = TokenBucket(rate: rate, burst: Self.burst, at: now)
        nextDeadline = sockets.isEmpty ? nil : now
    }

    /// Whether all is sent and answers have had their time.
    var isOver: Bool { nextDeadline == nil }

    /// How far it is.
    var odds: BirthdayOdds {
        let odds: Double? =
            switch work {
            case .open, .moved: nil
            case .guess: 1 - BirthdayOdds.exponential(logMiss)
            case .search(let search): search.odds
            }
        return BirthdayOdds(sent: sent, most: plan.packetCount, odds: odds)
    }

    /// The pings that are due.
    mutating func step(at now: Instant, using random: inout some RandomNumberGenerator) -> [Probe] {
        guard let due = nextDeadline, due <= now else { return [] }
        guard !isSpent else {
            nextDeadline = nil
            return []
        }
        var probes: [Probe] = []
        var pause: Duration?
        while !isSpent, pause == nil, bucket.take(at: now) {
            guard let probe = nextProbe(using: &random) else { break }
            probes.append(probe)
            sent += 1
            pause = pauseBehind(at: now)
        }
        let aftermath = plan.role == .opener ? Self.aftermathOfOpener : Self.aftermath
        nextDeadline = now + (isSpent ? aftermath : pause ?? interval(at: now, using: &random))
        return probes
    }

    /// Our gateway has no room. True if the attempt goes on, more slowly, when the gateway has forgotten what it holds.
    mutating func gatewayDropped(at now: Instant) -> Bool {
        guard case .search(var search) = work, search.slowDown() else { return false }
        work = .search(search)
        bucket = TokenBucket(rate: search.rate, burst: Self.burst, at: now)
        nextDeadline = now + GuessWaves.pause
        return true
    }

    private var isSpent: Bool {
        switch work {
        case .open(_, let passes): passes.isOver
        case .guess(let waves): waves.isOver
        case .search: sent >= plan.packetCount
        case .moved: true
        }
    }

    /// Until the next step: one that finds something to send.
    private mutating func interval(at now: Instant, using random: inout some RandomNumberGenerator) -> Duration {
        max(.milliseconds(Int64.random(in: Self.stepInterval, using: &random)), bucket.delay(at: now) ?? .zero)
    }

    private func pauseBehind(at now: Instant) -> Duration? {
        switch work {
        case .open(_, let passes): passes.pause(at: now)
        case .guess(let waves): waves.isBetweenWaves ? GuessWaves.pause : nil
        case .search, .moved: nil
        }
    }

    private mutating func nextProbe(using random: inout some RandomNumberGenerator) -> Probe? {
        // The work is moved, since a copy of it would be a copy of all ports.
        let taken = work
        work = .moved
        switch taken {
        case .open(let endpoint, var passes):
            let (index, reach) = passes.next()
            work = .open(endpoint, passes)
            entryCount = min(sockets.count, entryCount + 1)
            return Probe(path: DirectPath(socket: sockets[index], endpoint: endpoint), reach: reach)
        case .guess(var waves):
            let guess = waves.next(using: &random)
            work = .guess(waves)
            guard let guess else { return nil }
            if guess.isNew {
                entryCount += 1
                logMiss -= waves.chance
            }
            return probe(to: guess.port, over: plan.model)
        case .search(var search):
            let port = search.next(after: sent, using: &random)
            work = .search(search)
            entryCount += 1
            return probe(to: port, over: sockets[Int.random(in: 0..<sockets.count, using: &random)])
        case .moved: return nil
        }
    }

    private func probe(to port: UInt16, over socket: SocketID) -> Probe {
        Probe(path: DirectPath(socket: socket, endpoint: Endpoint(plan.target, port)), reach: .full)
    }
}

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
/// *Arithmetic.* Of `N` = 64,512 ports (1024–65535) `m` = 256 are good. `n` different guesses all miss with a probability of
/// about `(1 − n/N)^m`, so the median is 174 guesses, 99 % need 1,150 and 99.9 % need 1,718. At 300 a second that is 0.6 s, 3.8 s
/// and, after 1,500 at the slower pace behind, 7.2 s. Were ports drawn anew each time, `(1 − m/N)^n`, 99.9 % would take 1,738.
/// A block of `N` = 2,048 ports needs 37 for 99 %, and in a sequence the `m` ports follow each other: a few guesses.
///
/// *Openers.* The first packets of the opener have a TTL that opens its own NAT and does not reach the peer's, which some gateways
/// would punish. After `repeatDelay` half of the sockets write again, with the full TTL: where a carrier's NAT is further away than
/// the first TTL reaches, only that opens it, and each port that the guesser has written to by then lets the packet in. So a
/// packet may meet the other's in either order. The other half stays good for a peer whose gateway punishes.
///
/// **Both sides hard.** With sequential allocation on both (RFC 4787 §4.2) each side writes from `m` sockets to the *one* port that
/// lies `predictionDistance` mappings beyond the last that a server saw. The sockets of each side take `m` ports in a row, so that
/// the predicted one is among them as long as other traffic took fewer than `predictionDistance` since, and the two sockets that
/// hold the predicted ports write to each other. With random allocation on both, a mapping of each side must be aimed at the
/// other's: two mappings match with a probability of `1/N²`, and only those alive at once count. Each side keeps
/// `searchRate · lifetime` alive, 3,000 with the usual 30 s, so that a minute of searching finds a path in 1 of 115 cases and
/// the 170,000 packets a side that would do for 99.9 % if mappings lived for ever find one in 1 of 5. Only users who ask for
/// it get that.
struct BirthdayProbing: Sendable {
    typealias Role = BirthdayPlan.Role

    /// Datagrams a second at first, 300 with a burst, and how many are sent so fast.
    static let fastRate = 296.0
    static let fastCount = 1500
    /// Datagrams a second behind those, until the attempt's number is reached.
    static let slowRate = 100.0
    /// Datagrams a second of a search.
    static let searchRate = 100.0
    /// Datagrams at once.
    static let burst = 4.0
    /// Guesses of one attempt: 99.97 % of all chances that the arithmetic gives.
    static let guesses = 2048
    /// Datagrams of a search.
    static let searchPackets = 170_000
    /// Where both sides are predicted: this far beyond the port last seen, of 256.
    static let predictionDistance = 192
    /// Between steps, in milliseconds, so that no more than a burst falls due: no two nodes keep the same beat, and few wake-ups are needed.
    static let stepInterval: ClosedRange<Int64> = 4...12
    /// How long mappings live when nobody has measured it.
    static let usualLifetime: Duration = .seconds(30)
    /// After the last packet of an attempt, for answers; an opener's peer guesses for as long.
    static let aftermath: Duration = .seconds(1)
    static let aftermathOfOpener: Duration = .seconds(3)

    /// A ping to send.
    struct Probe: Sendable, Equatable {
        let path: DirectPath
        /// Whether it is not to reach the peer's gateway.
        let isOpener: Bool
    }

    /// What to send.
    private enum Work: Sendable {
        case open(Endpoint, OpenerPasses)
        case guess(IPAddress, PortOrder)
        case search(IPAddress, ClosedRange<UInt16>)
    }

    let plan: BirthdayPlan
    /// The sockets that send.
    let sockets: [SocketID]
    private var work: Work
    private var bucket: TokenBucket
    private let lifetime: Duration
    private(set) var sent = 0
    private(set) var nextDeadline: Instant?
    /// The natural logarithm of the probability that nothing was found yet, as the arithmetic has it.
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
        let passes = OpenerPasses(socketCount: sockets.count, sparingPeer: sparingPeer, isRepeatedByAll: isPredicted, at: now)
        return Self(plan, sockets, .open(endpoint, passes), rate: fastRate, lifetime: usualLifetime, at: now)
    }

    /// Guesses from the plan's socket.
    static func guess(_ plan: BirthdayPlan, order: PortOrder, at now: Instant) -> Self {
        Self(plan, [plan.model], .guess(plan.target, order), rate: fastRate, lifetime: usualLifetime, at: now)
    }

    /// Searches from all sockets.
    ///
    /// - Parameter ports: those that both NATs take theirs from.
    static func search(
        _ plan: BirthdayPlan, sockets: [SocketID], ports: ClosedRange<UInt16>, lifetime: Duration?, at now: Instant
    ) -> Self {
        Self(plan, sockets, .search(plan.target, ports), rate: searchRate, lifetime: lifetime ?? usualLifetime, at: now)
    }

    private init(
        _ plan: BirthdayPlan, _ sockets: [SocketID], _ work: Work, rate: Double, lifetime: Duration, at now: Instant
    ) {
        self.plan = plan
        self.sockets = sockets
        self.work = work
        self.lifetime = lifetime
        bucket = TokenBucket(rate: rate, burst: Self.burst, at: now)
        nextDeadline = sockets.isEmpty ? nil : now
    }

    /// Whether all is sent and answers have had their time.
    var isOver: Bool { nextDeadline == nil }

    /// The probability that the attempt has found a path by now, in percent, as the arithmetic has it; nil where it has nothing to
    /// say: ports are predicted, or the peer guesses.
    var odds: Int? { plan.role == .opener ? nil : Int((100 * (1 - Self.exponential(logMiss))).rounded(.down)) }

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
            if plan.role == .guesser, sent == Self.fastCount {
                bucket = TokenBucket(rate: Self.slowRate, burst: Self.burst, at: now)
            }
            if case .open(_, let passes) = work { pause = passes.pause(at: now) }
        }
        let aftermath = plan.role == .opener ? Self.aftermathOfOpener : Self.aftermath
        nextDeadline =
            now + (isSpent ? aftermath : pause ?? .milliseconds(Int64.random(in: Self.stepInterval, using: &random)))
        return probes
    }

    private var isSpent: Bool {
        if case .open(_, let passes) = work { return passes.isOver }
        return sent >= plan.packetCount
    }

    private mutating func nextProbe(using random: inout some RandomNumberGenerator) -> Probe? {
        switch work {
        case .open(let endpoint, var passes):
            let (index, isOpener) = passes.next()
            work = .open(endpoint, passes)
            return Probe(path: DirectPath(socket: sockets[index], endpoint: endpoint), isOpener: isOpener)
        case .guess(let address, var order):
            // The order is moved, since a copy of it would be a copy of all ports.
            work = .search(address, PortOrder.usualPorts)
            let port = order.next(using: &random)
            work = .guess(address, order)
            guard let port else { return nil }
            logMiss -= Double(PathAgent.Configuration.usualBirthdaySockets) / Double(max(1, PortOrder.usualPorts.count - sent))
            return Probe(path: DirectPath(socket: plan.model, endpoint: Endpoint(address, port)), isOpener: false)
        case .search(let address, let ports):
            let count = Double(ports.count)
            let alive = min(Double(sent), Self.searchRate * lifetime.inSeconds)
            // Ours may match one of the peer's that are alive, and one of the peer's, sent meanwhile, one of ours.
            logMiss -= 2 * alive / (count * count)
            let socket = sockets[Int.random(in: 0..<sockets.count, using: &random)]
            let port = UInt16.random(in: ports, using: &random)
            return Probe(path: DirectPath(socket: socket, endpoint: Endpoint(address, port)), isOpener: false)
        }
    }

    /// `e^x` for `x ≤ 0`, by halving and squaring: there is no mathematics library here.
    private static func exponential(_ x: Double) -> Double {
        let small = x / 1024
        var result = 1 + small + small * small / 2
        for _ in 0..<10 { result *= result }
        return result
    }
}

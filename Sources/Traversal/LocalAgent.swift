internal import STUN
package import Wire

/// Knows our own side: candidates from interfaces and STUN, the NAT's behaviour, and how long its mappings live.
///
/// **Shell's contract.** As for `PathAgent`: verbs in, effects out, `deadlineReached` when `nextDeadline` is not after `now`.
/// All STUN requests leave from the sockets that carry the traffic, so that they open and show the mappings that matter.
package struct LocalAgent: Sendable {
    /// What the shell must do.
    package enum Effect: Equatable, Sendable {
        /// Send the datagram from the socket to the server (or, in the hairpin test, to ourselves).
        case sendSTUN([UInt8], to: Endpoint, over: SocketID)
        /// The candidates or the behaviour changed: publish them and give the description to every path agent.
        case descriptionChanged(LocalDescription)
        /// A refresh ended and changed nothing: give the description (its `confirmedAt` is later) to the path agents.
        case descriptionConfirmed(LocalDescription)
    }

    /// Between two rounds while mappings are in use: below the 30 s after which some NATs forget (RFC 4787 §4.3), and spread so
    /// that many clients do not ask at once.
    static let refreshInterval: ClosedRange<Int64> = 20_000...26_000
    /// A refresh asked for so soon after the last is answered with its result.
    static let refreshSpacing: Duration = .milliseconds(500)

    /// Lifetimes are measured this long after everything else.
    static let lifetimeStudyDelay: Duration = .seconds(10)

    /// The current state of our side.
    package internal(set) var description = LocalDescription()

    let configuration: PathAgent.Configuration
    var allSockets: [LocalSocket] = []
    var servers: [Endpoint] = []
    var interfaces: [NetworkInterface] = []
    var extra: [Candidate] = []
    /// Servers' other addresses, asked too where we were given only one address of a family.
    var otherServers: [Endpoint] = []
    var mapped = MappedEndpoints()
    var round: BindingRound?
    /// The families in which a server answered in the current round.
    var answeredFamilies: Set<IPAddress.Family> = []
    /// Whether the current round has already told the mapped endpoints.
    var isConfirmed = false
    var refreshAt: Instant?
    var study: BehaviorStudy?
    var studyAt: Instant?
    var studied = NATBehavior.unknown
    var lifetimeStudy: LifetimeStudy?
    var isInUse = false
    /// What the shell was last told.
    var reported = LocalDescription()

    package init(configuration: PathAgent.Configuration = .standard, at now: Instant) {
        self.configuration = configuration
    }

    // MARK: What the shell tells

    /// Replaces the STUN servers' addresses: best two or more per family, of at least two addresses.
    package mutating func setServers(_ servers: [Endpoint], at now: Instant) {
        let servers = servers.map { Endpoint($0.address.canonical, $0.port) }
        guard servers != self.servers else { return }
        self.servers = servers
        otherServers = []
        description.confirmedAt = nil
        refreshAt = now
    }

    /// Replaces sockets and interfaces: at the start and whenever the kernel reports a change.
    ///
    /// - Parameter sockets: those that carry traffic. One more per family may be marked for tests: it must be bound to a
    ///   fresh port and tells how the NAT filters.
    package mutating func setNetwork(
        sockets: [LocalSocket], interfaces: [NetworkInterface], at now: Instant, effects: inout [Effect]
    ) {
        let isChanged = sockets != allSockets || interfaces != self.interfaces
        allSockets = sockets
        description.sockets = sockets.filter { !$0.isForTests }
        self.interfaces = interfaces
        guard isChanged else { return }
        mapped.removeAll()
        round = nil
        study = nil
        studied = .unknown
        lifetimeStudy = nil
        description.confirmedAt = nil
        refreshAt = now
        studyAt = now
        publish(effects: &effects)
    }

    /// Replaces endpoints that come from elsewhere: `portMapped` and `configured` candidates.
    package mutating func setExtraCandidates(_ candidates: [Candidate], at now: Instant, effects: inout [Effect]) {
        guard candidates != extra else { return }
        extra = candidates
        publish(effects: &effects)
    }

    /// Notes whether a captive portal answers in the place of servers; nil when that is not known.
    package mutating func setCaptive(_ isCaptive: Bool?, effects: inout [Effect]) {
        guard isCaptive != description.behavior.isCaptive else { return }
        description.behavior.isCaptive = isCaptive
        publish(effects: &effects)
    }

    /// Whether traffic flows to any peer: only then mappings are kept alive.
    package mutating func setInUse(_ isInUse: Bool, at now: Instant) {
        guard isInUse != self.isInUse else { return }
        self.isInUse = isInUse
        if isInUse, round == nil, refreshAt == nil { refreshAt = now }
        if !isInUse, description.confirmedAt != nil { refreshAt = nil }
    }

    /// Asks for mapped endpoints that are confirmed now. A description effect follows, at once if they are fresh.
    package mutating func refresh(at now: Instant, effects: inout [Effect]) {
        if round == nil, let confirmedAt = description.confirmedAt, now - confirmedAt <= Self.refreshSpacing {
            effects.append(.descriptionConfirmed(description))
        } else if round == nil || isConfirmed {
            refreshAt = now
        }
    }

    /// Asks for a full look at the NAT's behaviour (`causeway netcheck`), and refreshes.
    package mutating func measureBehavior(at now: Instant) {
        refreshAt = now
        studyAt = now
    }

    /// Takes a STUN message that came to one of the sockets; what is not an answer to a request of ours is ignored.
    package mutating func receive(
        _ bytes: RawSpan, from source: Endpoint, over socket: SocketID, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        let source = Endpoint(source.address.canonical, source.port)
        if let answer = round?.receive(bytes, from: source, over: socket, at: now) {
            mapped.saw(answer, at: now)
            answeredFamilies.insert(answer.server.address.family)
            askOther(answer, at: now, using: &random, effects: &effects)
            let isFirst = !isConfirmed
            confirm(at: now)
            publish(confirming: isFirst, effects: &effects)
            endRoundIfOver(at: now, using: &random, effects: &effects)
        } else if study?.receive(bytes, from: source, over: socket, at: now, using: &random, effects: &effects) == true {
            concludeStudy(at: now, effects: &effects)
        } else if lifetimeStudy?.receive(bytes, from: source, over: socket, at: now) == true {
            concludeLifetimeStudy(effects: &effects)
        }
    }

    // MARK: Time

    /// When `deadlineReached` wants to be called; nil when there is nothing to wait for.
    package var nextDeadline: Instant? {
        var earliest = refreshAt
        for deadline in [round?.nextDeadline, study?.nextDeadline, round == nil ? studyAt : nil, lifetimeStudy?.nextDeadline] {
            guard let deadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    /// Sends the requests that are due and gives up on those that got no answer.
    package mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        if let refreshAt, refreshAt <= now {
            self.refreshAt = nil
            startRound(at: now, using: &random, effects: &effects)
        }
        round?.deadlineReached(at: now, effects: &effects)
        endRoundIfOver(at: now, using: &random, effects: &effects)
        if round == nil, let studyAt, studyAt <= now {
            self.studyAt = nil
            study = BehaviorStudy(
                sockets: allSockets, servers: servers, interfaces: interfaces, at: now, using: &random, effects: &effects)
        }
        study?.deadlineReached(at: now, using: &random, effects: &effects)
        concludeStudy(at: now, effects: &effects)
        lifetimeStudy?.deadlineReached(at: now, using: &random, effects: &effects)
        concludeLifetimeStudy(effects: &effects)
    }

    // MARK: Rounds

    private mutating func startRound(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        var round = BindingRound()
        isConfirmed = false
        answeredFamilies = []
        for socket in description.sockets {
            for server in servers(of: socket.family) {
                round.ask(server, over: socket.id, at: now, using: &random, effects: &effects)
            }
        }
        self.round = round
    }

    /// The servers to ask, those of different addresses first.
    private func servers(of family: IPAddress.Family) -> [Endpoint] {
        let known = (servers + otherServers).filter { $0.address.family == family && $0.address.isUnicast }
        var addresses: Set<IPAddress> = []
        let first = known.filter { addresses.insert($0.address).inserted }
        var seen: Set<Endpoint> = []
        return Array((first + known).filter { seen.insert($0).inserted }.prefix(BindingRound.serversPerSocket))
    }

    /// A server told its other address: a second address tells whether mappings depend on the destination.
    private mutating func askOther(
        _ answer: BindingRound.Answer, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        guard let other = answer.otherAddress, other.address.isUnicast, other.port != 0,
            other.address.family == answer.server.address.family, other.address != answer.server.address,
            !(servers + otherServers).contains(where: { $0.address == other.address }), otherServers.count < 2
        else { return }
        otherServers.append(other)
        for socket in description.sockets where socket.family == other.address.family {
            round?.ask(other, over: socket.id, at: now, using: &random, effects: &effects)
        }
    }

    private mutating func confirm(at now: Instant) {
        isConfirmed = true
        description.confirmedAt = now
    }

    private mutating func endRoundIfOver(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard let round, round.isOver else { return }
        self.round = nil
        let isFirst = !isConfirmed
        mapped.expire(at: now)
        confirm(at: now)
        description.behavior.reachability = reachability
        publish(confirming: isFirst, effects: &effects)
        if isInUse, refreshAt == nil {
            refreshAt = now + .milliseconds(Int64.random(in: Self.refreshInterval, using: &random))
        }
    }

    private var reachability: NATBehavior.Reachability {
        guard !servers.isEmpty, !description.sockets.isEmpty else { return .unknown }
        switch (answeredFamilies.contains(.ipv4), answeredFamilies.contains(.ipv6)) {
        case (true, true): return .dualStack
        case (true, false): return .ipv4
        case (false, true): return .ipv6
        case (false, false): return .blocked
        }
    }

    private mutating func concludeStudy(at now: Instant, effects: inout [Effect]) {
        guard let study, let finished = study.finished else { return }
        let lifetime = studied.mappingLifetime
        studied = finished
        studied.mappingLifetime = lifetime
        self.study = nil
        // Only a server with another address could tell the filtering, and only such a one helps to measure lifetimes.
        if finished.filtering != nil, finished.isTranslated != false, lifetime == nil, let second = study.second,
            let server = servers.first(where: \.address.isIPv4)
        {
            lifetimeStudy = LifetimeStudy(
                server: server, main: study.main, second: second, startingAt: now + Self.lifetimeStudyDelay)
        }
        publish(effects: &effects)
    }

    private mutating func concludeLifetimeStudy(effects: inout [Effect]) {
        guard let study = lifetimeStudy, study.isOver else { return }
        lifetimeStudy = nil
        studied.mappingLifetime = study.lifetime
        publish(effects: &effects)
    }
}

package import Disco
package import Wire

/// Finds and keeps the best path to one peer.
///
/// The relay carries traffic from the first packet. The agent probes every pair of local socket and remote candidate,
/// moves traffic to the best one that answers, watches it, and goes back to the next best or to the relay when it breaks.
///
/// **Shell's contract.** Call the verbs as things happen, carry out the effects in order, then look at `nextDeadline`:
/// when it is not after `now`, call `deadlineReached` at once, else arm the one timer for it. Only `deadlineReached`
/// sends probes, so it alone needs a random source. Messages given to `receive` must have been opened with the peer's
/// disco key, and those by relay must come from the peer's node key.
package struct PathAgent: Sendable {
    /// What the shell must do.
    package enum Effect: Equatable, Sendable {
        /// Seal the message and send it over the path; with `timeToLive`, with that IP TTL for this one datagram (it is meant
        /// to die on its way: ignore ICMP errors about it).
        case sendDirect(Disco.Message, over: DirectPath, timeToLive: UInt8?)
        /// Seal the message and send it through the relay.
        case sendViaRelay(Disco.Message)
        /// Call `LocalAgent.refresh`, and `setLocal` on this agent when that is done.
        case refreshLocal
        /// Ask the node's `BirthdayAllowance` for the plan. If it agrees, open the sockets, as many as can be had, and call
        /// `birthdayBegan`, else `birthdayRefused`.
        case beginBirthday(BirthdayPlan)
        /// The attempt is over: tell the allowance. Sockets that are not wanted any more are closed by another effect.
        case endBirthday(BirthdayPlan, BirthdayResult)
        /// Ask a STUN server over the socket, which has asked none before, and call `gatewayAnswered` when the answer comes.
        case checkGateway(over: SocketID)
        /// Close sockets that were opened for an attempt.
        case closeSockets([SocketID])
        /// Traffic takes another path, or the path's trust changed. For display and logs: `trafficSent` decides per packet.
        case pathChanged(Path)
    }

    let localNode: NodeKey
    let configuration: Configuration

    var local = LocalDescription()
    var remote: RemoteCandidates
    var remoteBehavior: NATBehavior?
    /// STUN answers from before this say nothing of the network that we are in: it changed, or a path broke.
    var networkSince: Instant?

    /// Where the peer last saw us, newest first.
    var reflexive: [Endpoint] = []

    var usage = Usage()
    var relay = RelayLink()
    var checks = CheckList()
    var ledger = PingLedger()
    var budget: ProbeBudget
    var pongBudget: TokenBucket
    var selector = PathSelector()
    var departures = DepartureWatch()
    var discovery = Discovery.dormant
    var invitation = Invitation()

    var birthday = BirthdayState.idle
    var birthdaySockets = BirthdaySockets()

    /// When our endpoints are to be confirmed though no round runs yet.
    var refreshWantedAt: Instant?

    var counters = ProbeStatistics()
    /// When the search began that has found no path yet, and what had been sent by then.
    var search: (since: Instant, pings: Int)?
    /// Rounds without openers so far.
    var simultaneousStarts = 0
    /// When a round was last started.
    var roundStartedAt: Instant?
    /// When the peer was last heard directly.
    var heardDirectlyAt: Instant?
    var reported = Path.relay(latency: nil)
    /// The last direct path was closed because nothing used it.
    var hasBeenIdle = false
    /// The last direct path broke, and no other has been found.
    var hasLostPath = false

    /// When `deadlineReached` wants to be called; nil when there is nothing to wait for. O(1).
    package internal(set) var nextDeadline: Instant?

    /// Pongs to one peer, at once and per second: more pings than that are not a path discovery.
    static let pongBurst = 60.0
    static let pongsPerSecond = 20.0

    /// Endpoints remembered at which the peer saw us: one for each of two paths.
    static let maximumReflexive = 2

    package init(localNode: NodeKey, configuration: Configuration = .standard, at now: Instant) {
        self.localNode = localNode
        self.configuration = configuration
        remote = RemoteCandidates(allowsLoopback: configuration.allowsLoopback)
        budget = ProbeBudget(at: now)
        pongBudget = TokenBucket(rate: Self.pongsPerSecond, burst: Self.pongBurst, at: now)
    }

    // MARK: Traffic

    /// Decides where one packet of `byteCount` bytes of UDP payload goes. Cheap: called for every packet sent.
    package mutating func trafficSent(_ byteCount: Int, at now: Instant) -> Route {
        usage.sent(at: now)
        guard configuration.isProbing else { return .relay }
        guard let current = selector.current, let health = selector.health(of: current) else {
            if discovery == .dormant {
                startRound(at: now)
                rearm(at: now)
            }
            return .relay
        }
        if health.interval != PathHealth.activeInterval || discovery == .dormant {
            selector.update(current) { $0.interval = PathHealth.activeInterval }
            if discovery == .dormant { discovery = .settled(reviewAt: now + Discovery.reviewInterval) }
            rearm(at: now)
        }
        var fit = PathCapacity.Fit.fits
        if byteCount > health.capacity.proven {
            selector.update(current) { fit = $0.capacity.fit(byteCount, at: now) }
            rearm(at: now)
        }
        let isTrusted = health.isTrusted(at: now)
        if !isTrusted {
            selector.update(current) { $0.prove(at: now) }
            rearm(at: now)
        }
        guard relay.isReachable else { return .direct(current) }
        switch (fit, isTrusted) {
        case (.fits, true): return .direct(current)
        case (.fits, false), (.unknown, _): return .both(current)
        case (.tooLarge, _): return .relay
        }
    }

    /// Notes an authentic packet of user data: it shows that the peer's way to us works.
    package mutating func trafficReceived(from origin: Origin, at now: Instant) {
        if let current = selector.current, departures.received(from: origin, current: current, at: now) {
            selector.update(current) { $0.becomeUnsure(at: now) }
            rearm(at: now)
        }
        switch origin {
        case .relay:
            heardByRelay(at: now)
            // The peer begins to talk: its call-me-maybe is near, and ours must not wait for STUN.
            if discovery == .dormant, configuration.isProbing, !isFresh(at: now), refreshWantedAt == nil {
                refreshWantedAt = now
                rearm(at: now)
            }
        case .direct: heardDirectlyAt = now
        }
    }

    // MARK: What is known of both sides

    /// Replaces the peer's published candidates and behaviour.
    package mutating func setRemoteCandidates(_ candidates: [Candidate], behavior: NATBehavior?, at now: Instant) {
        remote.setPublished(candidates)
        remoteBehavior = behavior
        candidatesChanged(at: now)
        rearm(at: now)
    }

    /// Replaces our own side's description: after every `LocalAgent` effect that carries one.
    package mutating func setLocal(_ local: LocalDescription, at now: Instant, effects: inout [Effect]) {
        let old = self.local
        self.local = local
        if old.sockets != local.sockets {
            let sockets = Set(local.sockets.map(\.id)).union(birthdaySockets.all)
            selector.removeAll { !sockets.contains($0.path.socket) }
            selector.choose(at: now)
        }
        candidatesChanged(at: now)
        // Ports alone change with every look at STUN behind a NAT that maps by destination.
        let isElsewhere = Set(old.candidates.map(\.endpoint.address)) != Set(local.candidates.map(\.endpoint.address))
        if isElsewhere, usage.isInUse(at: now), !hasTrustedPath(at: now) {
            invitation.want(at: now)
        }
        invitation.localChanged(at: now)
        stopGuessingIfDropped(at: now, effects: &effects)
        settle(at: now, effects: &effects)
    }

    // MARK: Changes

    /// The kernel refused a datagram on this path, or reported an ICMP error for one.
    package mutating func sendFailed(
        over path: DirectPath, _ error: SendError, at now: Instant, effects: inout [Effect]
    ) {
        switch error {
        case .tooBig: return
        case .refused:
            // A gateway may say so of an early probe, and anyone may forge it: doubt, and ask the path itself.
            selector.update(path) { $0.suspect(at: now) }
        case .unreachable, .forbidden, .socketClosed:
            selector.removeAll { $0.path == path }
            ledger.forget(path)
            checks.giveUp(path)
        }
        selector.choose(at: now)
        settle(at: now, effects: &effects)
    }

    /// Our addresses, routes or sockets changed, or the machine woke from sleep: every path is in doubt.
    package mutating func networkChanged(at now: Instant, effects: inout [Effect]) {
        networkSince = now
        reflexive = []
        budget.networkChanged(at: now)
        endBirthday(.moved, at: now, effects: &effects)
        selector.updateAll { $0.suspect(at: now) }
        discovery = .dormant
        if usage.isInUse(at: now) || selector.current != nil {
            startRound(at: now)
        }
        settle(at: now, effects: &effects)
    }

    /// The peer has a new disco key or was restarted: all that was learnt from its messages is void.
    package mutating func peerRestarted(at now: Instant, effects: inout [Effect]) {
        selector.removeAll { _ in true }
        endBirthday(.silent, at: now, effects: &effects)
        ledger.removeAll()
        remote.forgetHeard()
        checks.removeAll()
        updateChecks()
        discovery = .dormant
        if usage.isInUse(at: now) { startRound(at: now) }
        settle(at: now, effects: &effects)
    }

    /// The relay link came up or went down, or the relay says that the peer is gone or back.
    package mutating func relayChanged(isReachable: Bool, at now: Instant, effects: inout [Effect]) {
        let wasReachable = relay.isReachable
        relay.changed(isReachable: isReachable)
        if isReachable, !wasReachable { relayReturned(at: now) }
        settle(at: now, effects: &effects)
    }

    /// An authentic packet came by relay: it also shows that the peer is there again, which the relay tells nobody.
    mutating func heardByRelay(at now: Instant) {
        let wasReachable = relay.isReachable
        relay.heard(at: now)
        guard !wasReachable else { return }
        relayReturned(at: now)
        rearm(at: now)
    }

    private mutating func relayReturned(at now: Instant) {
        guard usage.isInUse(at: now), !hasTrustedPath(at: now) else { return }
        discovery = .dormant
        startRound(at: now)
    }

    /// The user wants a direct path now: starts a discovery without waiting for the back-off, unless one runs or there is a path.
    package mutating func retry(at now: Instant) {
        guard discovery.round == nil, !hasTrustedPath(at: now) else { return }
        discovery = .dormant
        startRound(at: now)
        rearm(at: now)
    }

    // MARK: What is shown

    /// The path that traffic takes.
    package var path: Path {
        guard let health = selector.currentHealth else { return .relay(latency: relay.latency) }
        return .direct(health.path, latency: health.latency, isInDoubt: health.isInDoubt)
    }

    /// What discovery has cost so far.
    package var statistics: ProbeStatistics { counters }
}

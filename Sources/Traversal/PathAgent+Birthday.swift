package import Wire

// Guessing ports, where nothing else leads to a path. Both sides begin when each has the other's call-me-maybe, and take the part
// that both NATs' behaviour gives them.
extension PathAgent {
    // MARK: What the shell tells

    /// The allowance agreed to the plan of a `beginBirthday` effect.
    ///
    /// - Parameter sockets: those that were opened, none if none could be.
    package mutating func birthdayBegan(over sockets: [SocketID], at now: Instant, effects: inout [Effect]) {
        birthdaySockets.opened(sockets)
        guard case .asked(let plan) = birthday else {
            // The reason has gone meanwhile.
            settle(at: now, effects: &effects)
            return
        }
        guard let run = run(plan, over: sockets, at: now) else {
            endBirthday(.silent, at: now, effects: &effects)
            settle(at: now, effects: &effects)
            return
        }
        counters.birthdayAttempts += 1
        let interval = plan.role == .searcher ? GatewayWatch.searchInterval : GatewayWatch.interval
        // In a sequence a question would take the port that the peer has predicted.
        let watching = local.behavior.isSequential ? [] : sockets
        birthday = .running(run, GatewayWatch(over: watching, every: interval, at: now))
        settle(at: now, effects: &effects)
    }

    /// The allowance did not agree: the next round may ask again.
    package mutating func birthdayRefused(at now: Instant) {
        guard case .asked = birthday else { return }
        birthday = .idle
        rearm(at: now)
    }

    /// A server has answered what a `checkGateway` effect asked.
    package mutating func gatewayAnswered(over socket: SocketID, at now: Instant) {
        guard case .running(let run, var watch) = birthday else { return }
        birthday = .idle
        watch.answered(over: socket)
        birthday = .running(run, watch)
    }

    /// The peer is forgotten: gives back what was asked of the shell. Nothing may be told to the agent after that.
    package mutating func close(at now: Instant, effects: inout [Effect]) {
        endBirthday(.silent, at: now, effects: &effects)
        let released = birthdaySockets.releaseAll()
        if !released.isEmpty { effects.append(.closeSockets(released)) }
    }

    // MARK: Beginning

    /// The peer's call-me-maybe came: it looks for a path at this moment.
    mutating func wantBirthday(at now: Instant) {
        guard case .idle = birthday, birthdayPlan != nil else { return }
        birthday = .wanted(due: now + (hasOtherHope ? BirthdayState.patience : .zero), latest: now + Invitation.patience)
    }

    /// Whether a path may be found without guesses.
    private var hasOtherHope: Bool {
        let (isLocalHard, remote) = (local.behavior.isHard, self.remote.all)
        let filtering = isLocalHard ? remoteBehavior?.filtering : local.behavior.filtering
        if filtering == nil { return true }
        let hasIPv6 = local.candidates.contains { !$0.endpoint.address.isIPv4 } && remote.contains { !$0.endpoint.address.isIPv4 }
        return hasIPv6 || (local.candidates + remote).contains { $0.kind == .portMapped || $0.kind == .configured }
    }

    /// The part of this side, as both sides' behaviour gives it; nil where guesses are of no use or not needed.
    private var birthdayPlan: BirthdayPlan? {
        guard configuration.birthdaySockets > 0, let remoteBehavior, let target = remote.mapped?.address, !sharesNAT,
            let model = local.sockets.first(where: { $0.family == .ipv4 })?.id
        else { return nil }
        switch (local.behavior.isHard, remoteBehavior.isHard) {
        case (false, false): return nil
        case (true, false): return remoteBehavior.letsOnlyKnownPortsIn ? opener(target, model) : nil
        case (false, true):
            guard local.behavior.letsOnlyKnownPortsIn else { return nil }
            return BirthdayPlan(
                role: .guesser, target: target, socketCount: GatewayWatch.socketCount, model: model,
                packetCount: GuessWaves.packetCount, entryCount: GuessWaves.portsPerWave)
        case (true, true):
            if local.behavior.isSequential, remoteBehavior.isSequential { return opener(target, model, isPredicted: true) }
            return searcher(target, model, remoteBehavior)
        }
    }

    private func opener(_ target: IPAddress, _ model: SocketID, isPredicted: Bool = false) -> BirthdayPlan {
        let count = min(configuration.birthdaySockets, local.behavior.openerSockets)
        return BirthdayPlan(
            role: .opener, target: target, socketCount: count, model: model,
            packetCount: OpenerPasses.packetCount(sockets: count, isPredicted: isPredicted), entryCount: count)
    }

    /// Where both take their ports from small blocks, or both users allow the long search.
    private func searcher(_ target: IPAddress, _ model: SocketID, _ remoteBehavior: NATBehavior) -> BirthdayPlan? {
        let isAllowed = searchLeave == .both
        guard isAllowed || (local.behavior.hasSmallBlock && remoteBehavior.hasSmallBlock) else { return nil }
        let search = search(remoteBehavior, isExhaustive: isAllowed)
        let most = isAllowed ? PortSearch.exhaustivePackets : PortSearch.blockPackets
        return BirthdayPlan(
            role: .searcher, target: target, socketCount: min(configuration.birthdaySockets, PortSearch.socketCount),
            model: model, packetCount: most, entryCount: search.entryCount, isExhaustive: isAllowed)
    }

    private func search(_ remoteBehavior: NATBehavior, isExhaustive: Bool) -> PortSearch {
        PortSearch(
            from: local.behavior.portBlock ?? PortOrder.usualPorts, to: remoteBehavior.portBlock ?? PortOrder.usualPorts,
            isExhaustive: isExhaustive)
    }

    /// The attempt that the plan is for; nil if it cannot be made.
    private func run(_ plan: BirthdayPlan, over sockets: [SocketID], at now: Instant) -> BirthdayProbing? {
        guard let remoteBehavior, var mapped = remote.mapped, mapped.address == plan.target else { return nil }
        switch plan.role {
        case .opener:
            guard !sockets.isEmpty else { return nil }
            let isPredicted = remoteBehavior.isHard
            if isPredicted, case .sequential(let step) = remoteBehavior.allocation {
                let distance = BirthdayProbing.predictionDistance
                mapped.port = PortOrder.port(after: mapped.port, step: step, distance: distance)
            }
            let isSparing = remoteBehavior.isTranslated != false && remoteBehavior.filtering != .endpointIndependent
            return .open(
                plan, sockets: sockets, towards: mapped, sparingPeer: isSparing, isPredicted: isPredicted, at: now)
        case .guesser:
            let run = remoteBehavior.openerSockets
            let order = PortOrder(behavior: remoteBehavior, seen: mapped.port, runLength: run)
            let chance = Double(run) / Double(max(run, order.likelyCount))
            return .guess(plan, waves: GuessWaves(order, chance: chance), at: now)
        case .searcher:
            guard !sockets.isEmpty else { return nil }
            return .search(plan, sockets: sockets, search(remoteBehavior, isExhaustive: plan.isExhaustive), at: now)
        }
    }

    // MARK: Time

    /// Begins when it is time to, and sends the pings that are due.
    mutating func advanceBirthday(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        for path in birthdaySockets.takeDue(at: now) {
            switch budget.take(for: path.endpoint.address, isTriggered: true, at: now) {
            case .granted: sendPing(over: path, timeToLive: nil, at: now, using: &random, effects: &effects)
            case .paced(let delay): birthdaySockets.postpone(path, until: now + delay)
            case .spent: counters.probesHeldBack += 1
            }
        }
        switch birthday {
        case .idle, .asked: return
        case .wanted(let due, let latest):
            guard due <= now else { return }
            guard let plan = birthdayPlan, !hasWorkingPath else {
                birthday = .idle
                return
            }
            guard isFresh(at: now) || now >= latest else {
                birthday = .wanted(due: now + BirthdayState.confirmationInterval, latest: latest)
                return
            }
            birthday = .asked(plan)
            effects.append(.beginBirthday(plan))
        case .running(var run, var watch):
            // One owner at a time: the ports not yet guessed are many.
            birthday = .idle
            let outcome = step(&run, &watch, at: now, using: &random, effects: &effects)
            birthday = .running(run, watch)
            if let outcome { endBirthday(outcome, at: now, effects: &effects) }
        }
    }

    /// Answers the attempt's outcome when it is over.
    private mutating func step(
        _ run: inout BirthdayProbing, _ watch: inout GatewayWatch, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) -> BirthdayResult.Outcome? {
        for probe in run.step(at: now, using: &random) {
            sendPing(
                over: probe.path, isGuess: true, timeToLive: configuration.timeToLive(probe.reach), at: now, using: &random,
                effects: &effects)
        }
        switch watch.step(entries: run.entryCount, at: now) {
        case .nothing: break
        case .ask(let socket): effects.append(.checkGateway(over: socket))
        case .full:
            watch.restart()
            guard run.gatewayDropped(at: now) else { return .dropped }
        }
        return run.isOver || (run.plan.role == .searcher && !isWanted(at: now)) ? .silent : nil
    }

    /// Whether either side has used the paths lately.
    private func isWanted(at now: Instant) -> Bool {
        usage.isInUse(at: now) || relay.heardAt.map { now - $0 <= Usage.idleAfter } ?? false
    }

    private var hasWorkingPath: Bool { selector.currentHealth.map { !$0.isFailing } ?? false }

    // MARK: Ending

    /// After every event: a path ends the attempt, and sockets that no path uses are closed.
    mutating func settleBirthday(at now: Instant, effects: inout [Effect]) {
        if hasWorkingPath { endBirthday(.answered, at: now, effects: &effects) }
        guard birthday.run == nil, !birthdaySockets.all.isEmpty else { return }
        let released = birthdaySockets.release(keeping: Set(selector.paths.map(\.path.socket)))
        if !released.isEmpty { effects.append(.closeSockets(released)) }
    }

    /// No UDP comes in any more while we guess: so we stop.
    mutating func stopGuessingIfDropped(at now: Instant, effects: inout [Effect]) {
        switch local.behavior.reachability {
        case .blocked, .ipv6: endBirthday(.dropped, at: now, effects: &effects)
        case .unknown, .ipv4, .dualStack: return
        }
    }

    /// - Parameter outcome: that a path works speaks for the guessed address only where it leads there: a peer may have named
    ///   somebody else's.
    mutating func endBirthday(_ outcome: BirthdayResult.Outcome, at now: Instant, effects: inout [Effect]) {
        let plan: BirthdayPlan
        let entryCount: Int
        switch birthday {
        case .idle: return
        case .wanted:
            birthday = .idle
            return
        case .asked(let asked): (plan, entryCount) = (asked, 0)
        case .running(let run, _): (plan, entryCount) = (run.plan, min(run.entryCount, run.plan.entryCount))
        }
        var outcome = outcome
        if outcome == .answered, !selector.paths.contains(where: { !$0.isFailing && $0.path.endpoint.address == plan.target }) {
            outcome = .silent
        }
        effects.append(.endBirthday(plan, BirthdayResult(outcome, entryCount: entryCount)))
        birthday = .idle
    }
}

extension PathAgent.Configuration {
    /// A carrier's NAT is rarely more routers behind the home's.
    private static let carrierDistance: UInt8 = 2

    fileprivate func timeToLive(_ reach: OpenerPasses.Reach) -> UInt8? {
        switch reach {
        case .near: openerTimeToLive
        case .beyondCarrier: openerTimeToLive + Self.carrierDistance
        case .full: nil
        }
    }
}

extension NATBehavior {
    /// The sockets that an opener needs behind this NAT: the fewer the better a guess is. A carrier's block is all that its customer has.
    fileprivate var openerSockets: Int {
        if isSequential { return 256 }
        let share = portBlock.map { max(64, $0.count / 8) }
        return min(share ?? .max, PathAgent.Configuration.usualBirthdaySockets)
    }

    /// Whether a search among its ports takes minutes.
    fileprivate var hasSmallBlock: Bool { portBlock.map { $0.count <= PortSearch.widestBlock } ?? false }

    /// Whether a packet from a port that was never written to stays outside, as far as is known.
    fileprivate var letsOnlyKnownPortsIn: Bool {
        filtering != .endpointIndependent && filtering != .addressDependent
    }

    fileprivate var isSequential: Bool {
        switch allocation {
        case .sequential: true
        case .preserving, .random, nil: false
        }
    }
}

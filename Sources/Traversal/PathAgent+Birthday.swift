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
            endBirthday(isAnswered: false, at: now, effects: &effects)
            settle(at: now, effects: &effects)
            return
        }
        counters.birthdayAttempts += 1
        birthday = .running(run, checkAt: now + BirthdayState.checkInterval)
        settle(at: now, effects: &effects)
    }

    /// The allowance did not agree: the next round may ask again.
    package mutating func birthdayRefused(at now: Instant) {
        guard case .asked = birthday else { return }
        birthday = .idle
        rearm(at: now)
    }

    /// The peer is forgotten: gives back what was asked of the shell. Nothing may be told to the agent after that.
    package mutating func close(at now: Instant, effects: inout [Effect]) {
        endBirthday(isAnswered: false, at: now, effects: &effects)
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
        let count = configuration.birthdaySockets
        let opener = BirthdayPlan(
            role: .opener, target: target, socketCount: count, model: model, packetCount: count * OpenerPasses.count)
        switch (local.behavior.isHard, remoteBehavior.isHard) {
        case (false, false): return nil
        case (true, false): return remoteBehavior.letsOnlyKnownPortsIn ? opener : nil
        case (false, true):
            guard local.behavior.letsOnlyKnownPortsIn else { return nil }
            return BirthdayPlan(
                role: .guesser, target: target, socketCount: 0, model: model, packetCount: BirthdayProbing.guesses)
        case (true, true):
            if local.behavior.isSequential, remoteBehavior.isSequential { return opener }
            guard configuration.isExhaustive else { return nil }
            return BirthdayPlan(
                role: .searcher, target: target, socketCount: count, model: model,
                packetCount: BirthdayProbing.searchPackets)
        }
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
            let order = PortOrder(behavior: remoteBehavior, seen: mapped.port, runLength: configuration.birthdaySockets)
            return .guess(plan, order: order, at: now)
        case .searcher:
            guard !sockets.isEmpty else { return nil }
            return .search(
                plan, sockets: sockets, ports: PortOrder.usualPorts, lifetime: local.behavior.mappingLifetime, at: now)
        }
    }

    // MARK: Time

    /// Begins when it is time to, and sends the pings that are due.
    mutating func advanceBirthday(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        for path in birthdaySockets.takeDue(at: now) {
            sendPing(over: path, timeToLive: nil, at: now, using: &random, effects: &effects)
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
        case .running(var run, var checkAt):
            // One owner at a time: the ports not yet guessed are many.
            birthday = .idle
            let probes = run.step(at: now, using: &random)
            if checkAt <= now {
                effects.append(.refreshLocal)
                checkAt = now + BirthdayState.checkInterval
            }
            birthday = .running(run, checkAt: checkAt)
            for probe in probes {
                sendPing(
                    over: probe.path, isGuess: true, timeToLive: probe.isOpener ? configuration.openerTimeToLive : nil, at: now,
                    using: &random, effects: &effects)
            }
            if run.isOver || (run.plan.role == .searcher && !isWanted(at: now)) {
                endBirthday(isAnswered: false, at: now, effects: &effects)
            }
        }
    }

    /// Whether either side has used the paths lately.
    private func isWanted(at now: Instant) -> Bool {
        usage.isInUse(at: now) || relay.heardAt.map { now - $0 <= Usage.idleAfter } ?? false
    }

    private var hasWorkingPath: Bool { selector.currentHealth.map { !$0.isFailing } ?? false }

    // MARK: Ending

    /// After every event: a path ends the attempt, and sockets that no path uses are closed.
    mutating func settleBirthday(at now: Instant, effects: inout [Effect]) {
        if hasWorkingPath { endBirthday(isAnswered: true, at: now, effects: &effects) }
        guard birthday.run == nil, !birthdaySockets.all.isEmpty else { return }
        let released = birthdaySockets.release(keeping: Set(selector.paths.map(\.path.socket)))
        if !released.isEmpty { effects.append(.closeSockets(released)) }
    }

    /// The gateway lets no STUN answer in while we guess: its table may be full, so we stop.
    mutating func stopGuessingIfDropped(at now: Instant, effects: inout [Effect]) {
        switch local.behavior.reachability {
        case .blocked, .ipv6: endBirthday(isAnswered: false, at: now, effects: &effects)
        case .unknown, .ipv4, .dualStack: return
        }
    }

    /// - Parameter isAnswered: a path works. It speaks for the guessed address only where it leads there: a peer may have named
    ///   somebody else's.
    mutating func endBirthday(isAnswered: Bool, at now: Instant, effects: inout [Effect]) {
        let plan: BirthdayPlan
        switch birthday {
        case .idle: return
        case .wanted:
            birthday = .idle
            return
        case .asked(let asked): plan = asked
        case .running(let run, _): plan = run.plan
        }
        let isTarget = selector.paths.contains { !$0.isFailing && $0.path.endpoint.address == plan.target }
        effects.append(.endBirthday(plan, isAnswered: isAnswered && isTarget))
        birthday = .idle
    }
}

extension NATBehavior {
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

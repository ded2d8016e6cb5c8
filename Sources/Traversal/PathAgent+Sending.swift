internal import Disco
internal import Wire

extension PathAgent {
    /// Sends a wanted call-me-maybe if the endpoints are fresh. Answers whether it did.
    mutating func sendInvitation(at now: Instant, effects: inout [Effect]) -> Bool {
        guard relay.isReachable else { return false }
        let named = local.candidates.lazy.filter { $0.kind != .relayed }.map(\.endpoint)
        let endpoints =
            named.prefix(CallMeMaybe.maximumEndpointCount - Self.maximumReflexive) + reflexive.filter { !named.contains($0) }
        switch invitation.step(endpoints: Array(endpoints), isFresh: isFresh(at: now), at: now) {
        case .nothing: return false
        case .refresh:
            effects.append(.refreshLocal)
            return false
        case .send(let endpoints):
            counters.callMeMaybesSent += 1
            effects.append(.sendViaRelay(.callMeMaybe(CallMeMaybe(endpoints: endpoints))))
            return true
        }
    }

    /// Whether STUN has confirmed our endpoints in this network and not long ago.
    func isFresh(at now: Instant) -> Bool {
        guard let confirmedAt = local.confirmedAt, networkSince.map({ $0 <= confirmedAt }) ?? true else { return false }
        return now - confirmedAt <= Invitation.freshness
    }

    mutating func sendRelayPing(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        let transaction = TransactionID(using: &random)
        ledger.sent(transaction, over: nil, at: now)
        relay.asked(at: now)
        effects.append(.sendViaRelay(.ping(Ping(transactionID: transaction, nodeKey: localNode))))
    }

    mutating func sendHealthPings(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        for health in selector.paths where health.nextPing.map({ $0 <= now }) ?? false {
            selector.update(health.path) { $0.pinging(at: now) }
            sendPing(over: health.path, timeToLive: nil, at: now, using: &random, effects: &effects)
        }
        for health in selector.paths where health.capacity.nextProbe.map({ $0 <= now }) ?? false {
            var byteCount: Int?
            selector.update(health.path) { byteCount = $0.capacity.takeProbe(timeout: $0.timeout, at: now) }
            guard let byteCount else { continue }
            sendPing(
                over: health.path, paddedTo: byteCount, timeToLive: nil, at: now, using: &random, effects: &effects)
        }
    }

    mutating func sendChecks(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        let hasPeerStarted = discovery.round?.hasPeerStarted(at: now) ?? true
        for index in checks.due(at: now) {
            let check = checks.checks[index]
            let wantsOpener = check.wantsOpener(remote: remoteBehavior)
            let address = check.path.endpoint.address
            let mayPing = (hasPeerStarted && !check.isUnannounced) || check.isTriggered
            var isOpener = !mayPing && wantsOpener
            var verdict = isOpener ? .spent : budget.take(for: address, isTriggered: check.isTriggered, at: now)
            if verdict == .spent, wantsOpener, !check.isOpened {
                // Where no real ping may go, an opener still lets the peer's in.
                isOpener = true
                verdict = budget.takeOpener(for: address, at: now)
            }
            switch verdict {
            case .paced(let delay):
                // The rest of the list is due no earlier: it keeps its order.
                checks.postponeDue(until: now + delay, at: now)
                return
            case .spent:
                counters.probesHeldBack += 1
                checks.postpone(index, until: nil)
            case .granted:
                if isOpener { checks.opened(index, at: now) } else { checks.pinged(index, at: now) }
                counters.openersSent += isOpener ? 1 : 0
                sendPing(
                    over: check.path, timeToLive: isOpener ? configuration.openerTimeToLive : nil, at: now, using: &random,
                    effects: &effects)
            }
        }
    }

    /// - Parameters:
    ///   - byteCount: the datagram's size; a smaller one than a bare ping's means a bare ping.
    ///   - isGuess: whether it is one of an attempt to guess ports.
    mutating func sendPing(
        over path: DirectPath, paddedTo byteCount: Int = 0, isGuess: Bool = false, timeToLive: UInt8?, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        let transaction = TransactionID(using: &random)
        let padding = max(0, byteCount - Self.barePingByteCount)
        ledger.sent(transaction, over: path, byteCount: Self.barePingByteCount + padding, at: now)
        if isGuess { counters.birthdayPingsSent += 1 } else { counters.pingsSent += 1 }
        effects.append(
            .sendDirect(
                .ping(Ping(transactionID: transaction, nodeKey: localNode, paddingCount: padding)), over: path,
                timeToLive: timeToLive))
    }

    /// A ping with a node key and no padding: magic 6, sender 32, nonce 24, tag 16, type and version 2, transaction 12, key 32.
    private static let barePingByteCount = 124
}

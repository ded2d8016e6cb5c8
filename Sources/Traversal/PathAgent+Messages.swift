package import Disco
package import Wire

extension PathAgent {
    /// The address that a pong by relay names as the ping's source, as the reference does: no real host has it.
    static let relayStandIn = Endpoint(IPAddress(127, 3, 3, 40), 1)

    /// Takes an authentic disco message from the peer.
    package mutating func receive(
        _ message: Disco.Message, from origin: Origin, at now: Instant, effects: inout [Effect]
    ) {
        switch (message, origin) {
        case (.ping(let ping), .direct(let path)): pingReceived(ping, over: path, at: now, effects: &effects)
        case (.ping(let ping), .relay): pingReceivedByRelay(ping, at: now, effects: &effects)
        case (.pong(let pong), .direct): pongReceived(pong, at: now)
        case (.pong(let pong), .relay): pongReceivedByRelay(pong, at: now)
        case (.callMeMaybe(let callMeMaybe), .relay): callMeMaybeReceived(callMeMaybe, at: now)
        case (.callMeMaybe, .direct), (.unknown, _): return
        }
        settle(at: now, effects: &effects)
    }

    private mutating func pingReceived(_ ping: Ping, over path: DirectPath, at now: Instant, effects: inout [Effect]) {
        guard configuration.isProbing, ledger.isFirst(ping.transactionID), remote.heard(from: path.endpoint, at: now),
            pongBudget.take(at: now)
        else { return }
        counters.pingsReceived += 1
        heardDirectlyAt = now
        effects.append(
            .sendDirect(
                .pong(Pong(transactionID: ping.transactionID, source: path.endpoint)), over: path, timeToLive: nil))
        updateChecks()
        peerStarted(at: now)
        birthdaySockets.heard(over: path, at: now)
        if let current = selector.current, path != current, usage.isActive(at: now) {
            // The peer may be about to leave the path that we send on: it costs a ping to know before the next one is due.
            selector.update(current) { $0.proveIfOlder(than: PathHealth.shortestTimeout, at: now) }
        }
        guard let health = selector.health(of: path) else {
            checks.trigger(path, at: now)
            return
        }
        if health.isFailing || !health.isTrusted(at: now) { selector.update(path) { $0.prove(at: now) } }
    }

    private mutating func pingReceivedByRelay(_ ping: Ping, at now: Instant, effects: inout [Effect]) {
        guard ledger.isFirst(ping.transactionID), pongBudget.take(at: now) else { return }
        heardByRelay(at: now)
        effects.append(
            .sendViaRelay(.pong(Pong(transactionID: ping.transactionID, source: Self.relayStandIn))))
    }

    private mutating func pongReceived(_ pong: Pong, at now: Instant) {
        guard let ping = ledger.answered(pong.transactionID, byRelay: false, at: now), let path = ping.path,
            local.sockets.contains(where: { $0.id == path.socket }) || birthdaySockets.all.contains(path.socket)
        else { return }
        counters.pongsReceived += 1
        heardDirectlyAt = now
        noteReflexive(pong.source)
        budget.answered(from: path.endpoint.address, at: now)
        checks.succeeded(path)
        birthdaySockets.answered(path)
        selector.answered(
            path, latency: now - ping.sentAt, sentAt: ping.sentAt, byteCount: ping.byteCount, at: now)
        selector.choose(at: now)
        checks.limitAttempts()
        peerStarted(at: now)
        if let search {
            counters.timeToDirect = now - search.since
            self.search = nil
        }
        if discovery.round == nil { discovery = .settled(reviewAt: now + Discovery.reviewInterval) }
    }

    /// Where the peer sees us: a peer-reflexive candidate of ours that is good for this peer alone, whatever the NAT.
    private mutating func noteReflexive(_ endpoint: Endpoint) {
        let endpoint = Endpoint(endpoint.address.canonical, endpoint.port)
        guard endpoint.isProbeable(allowingLoopback: configuration.allowsLoopback), reflexive.first != endpoint else { return }
        reflexive = [endpoint] + reflexive.filter { $0 != endpoint }.prefix(Self.maximumReflexive - 1)
    }

    private mutating func pongReceivedByRelay(_ pong: Pong, at now: Instant) {
        guard let ping = ledger.answered(pong.transactionID, byRelay: true, at: now) else { return }
        heardByRelay(at: now)
        relay.answered(latency: now - ping.sentAt)
        // The relay keeps the order: the call-me-maybe sent before that ping has arrived, and the peer probes.
        peerStarted(at: now)
    }

    private mutating func callMeMaybeReceived(_ callMeMaybe: CallMeMaybe, at now: Instant) {
        guard configuration.isProbing else { return }
        counters.callMeMaybesReceived += 1
        heardByRelay(at: now)
        remote.setInvited(callMeMaybe.endpoints)
        if let current = selector.current {
            // The peer has no path, or doubts it.
            let isListed = callMeMaybe.endpoints.contains(current.endpoint)
            selector.update(current) { isListed ? $0.prove(at: now) : $0.suspect(at: now) }
        }
        if discovery.round != nil, invitation.isRecent(at: now) {
            // It answers ours, or has crossed it: both sides have started.
            candidatesChanged(at: now)
            peerStarted(at: now)
            checks.release(at: now)
        } else {
            updateChecks()
            startRound(isInvited: true, at: now)
        }
        wantBirthday(at: now)
    }
}

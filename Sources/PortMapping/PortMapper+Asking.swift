internal import Wire

extension PortMapper {
    /// A row of attempts, with all its repetitions, takes no longer.
    private static let rowLifetime: Duration = .seconds(5)
    /// What one attempt for a mapping by datagrams may take: three transmissions with the wait behind each. Other protocols wait.
    private static let attemptLifetime: Duration = .milliseconds(1750)

    /// Asks for a mapping by every protocol seen, one after the other.
    mutating func ask(
        isFromMemory: Bool, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        let row = AttemptRow(endsAt: now + Self.rowLifetime, isFromMemory: isFromMemory)
        askNext(row, at: now, using: &random, effects: &effects)
    }

    /// Asks for the lease again, by its own protocol.
    mutating func renew(at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]) {
        natPMPAddress = nil
        let row = AttemptRow(endsAt: now + Self.rowLifetime, isFromMemory: true, isRenewal: true)
        askNext(row, at: now, using: &random, effects: &effects)
    }

    /// The protocol to ask by next; nil when all were tried.
    private func nextMethod(of row: AttemptRow, on route: Route) -> MappingMethod? {
        if row.isRenewal { return row.tried.isEmpty ? lease?.mapping.method : nil }
        return route.methods.first { seenAt[$0] != nil && !row.tried.contains($0) }
    }

    /// Starts the row's next attempt, or ends the row.
    private mutating func askNext(
        _ row: AttemptRow, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard let route, now < row.endsAt, let method = nextMethod(of: row, on: route) else {
            return rowFailed(row, at: now, effects: &effects)
        }
        var row = row
        row.tried.append(method)
        let endsAt = row.isRenewal || method == .upnp ? row.endsAt : min(row.endsAt, now + Self.attemptLifetime)
        let lease = row.isRenewal ? lease : nil
        lastAskedAt = now
        switch method {
        case .pcp:
            var nonce = PCPNonce(using: &random)
            if case .pcp(let used) = lease?.token { nonce = used }
            let attempt = PCPAttempt(
                route, nonce: nonce, external: lease?.mapping.external ?? wishedEndpoint(on: route), endsAt: endsAt, at: now,
                effects: &effects)
            phase = .asking(.pcp(attempt), row)
        case .natPMP:
            let attempt = NATPMPAttempt(
                route, externalPort: lease?.mapping.external.port ?? wishedEndpoint(on: route).port,
                address: row.isFromMemory ? nil : natPMPAddress, endsAt: endsAt, at: now, effects: &effects)
            phase = .asking(.natPMP(attempt), row)
        case .upnp:
            attemptNumber &+= 1
            var attempt = UPnPAttempt(
                route, number: attemptNumber, locations: locations.sorted { $0.rank < $1.rank }.map(\.target),
                service: service, lease: lease, preferredPort: preferredPort, endsAt: endsAt, at: now)
            let progress = attempt.start(at: now, using: &random, effects: &effects)
            settle(progress, .upnp(attempt), row, at: now, using: &random, effects: &effects)
        }
    }

    /// The external port that we last had, else the same as the internal one: the gateway takes another if it must.
    private func wishedEndpoint(on route: Route) -> Endpoint {
        let unspecified = PCPAttempt.unspecified(like: route)
        // A pinhole in a firewall translates nothing.
        guard route.local.isIPv4 else { return Endpoint(route.local, route.internalPort) }
        return Endpoint(unspecified.address, preferredPort ?? route.internalPort)
    }

    /// Goes on as an attempt's progress says.
    mutating func settle(
        _ progress: AttemptProgress, _ attempt: Attempt, _ row: AttemptRow, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        switch progress {
        case .pending:
            phase = .asking(attempt, row)
        case .granted(let lease):
            self.lease = lease
            preferredPort = lease.mapping.external.port
            failureCount = 0
            report.failure = nil
            report.externalAddress = lease.mapping.external.address
            seenAt[lease.mapping.method] = now
            phase = .resting(until: lease.renewAt)
        case .failed(let reason, let retryAfter):
            var row = row
            row.failed(reason, retryAfter: retryAfter)
            if case .unusableAddress(let address) = reason { report.externalAddress = address }
            if case .upnp(let attempt) = attempt, !row.isRenewal {
                upnpFailed(attempt, reason, effects: &effects)
            }
            askNext(row, at: now, using: &random, effects: &effects)
        }
    }

    /// Keeps what a UPnP attempt found out.
    mutating func learn(from attempt: UPnPAttempt) {
        report.deviceName = attempt.deviceName ?? report.deviceName
        report.externalAddress = attempt.externalAddress ?? report.externalAddress
        guard let found = attempt.service else { return }
        service = found
        report.service = found.kind
    }

    private mutating func upnpFailed(_ attempt: UPnPAttempt, _ reason: MappingFailure, effects: inout [Effect]) {
        // A rule that the gateway was slow to make would stay: the next attempt asks for another port.
        if let uncertain = attempt.uncertain, reason == .noAnswer {
            let question = Removal.Question.upnp(uncertain.service, externalPort: uncertain.externalPort)
            question.ask(id: nextRequestID(), effects: &effects)
        }
        service = nil
        guard reason == .noService else { return }
        report.upnp = .absent
        seenAt[.upnp] = nil
    }

    private mutating func rowFailed(_ row: AttemptRow, at now: Instant, effects: inout [Effect]) {
        report.failure = row.failure
        if row.isRenewal, let lease {
            guard row.failure != .noAnswer else {
                // Halfway to the end, and again (RFC 6887 §11.2.1); at the end the lease is dropped.
                let wait = max((lease.expiresAt - now) / 2, Self.shortestInterval)
                phase = .resting(until: now + wait)
                return
            }
            self.lease = nil
            startProbe(at: now, effects: &effects)
        } else if row.isFromMemory, row.failure == .noAnswer || row.failure == .noService {
            // What was seen is not there any more.
            startProbe(at: now, effects: &effects)
        } else {
            backOff(atLeast: row.retryAfter ?? .zero, at: now)
        }
    }

    /// Waits before the next attempt, which begins with a search, longer each time.
    mutating func backOff(atLeast least: Duration, at now: Instant) {
        seenAt = [:]
        let doubled = Self.firstBackOff * (1 << min(failureCount, 5))
        failureCount += 1
        phase = .resting(until: now + min(max(doubled, least), Self.longestBackOff))
    }
}

package import Wire

/// Keeps one UDP port of ours reachable from outside of the gateway, by whatever protocol the gateway speaks.
///
/// All protocols are asked together. Within 250 ms it is known whether there is any; PCP is used where it is spoken, else
/// NAT-PMP, else UPnP, and the next one when the gateway refuses. The mapping is renewed at half of its life, made again when
/// the gateway has restarted, and removed by `close`.
///
/// **Shell's contract.** One machine per address family. Verbs in, effects out; `deadlineReached` when `nextDeadline` is not
/// after `now`. Datagrams leave from one UDP socket that is bound to the route's local address (IPv6: and to the gateway's
/// interface), not from the port to be mapped; all that arrives there is given to `receive`, and so may be what arrives at
/// 224.0.0.1:5350, where gateways announce a restart. Whatever an answer says, it is believed only from the gateway's address.
package struct PortMapper: Sendable {
    /// What the shell must do.
    package enum Effect: Hashable, Sendable {
        /// Send the datagram to the gateway.
        case sendUDP([UInt8], to: Endpoint)
        /// Send the datagram to the group, on the route's interface, with a hop limit of 2.
        case sendMulticast([UInt8], to: Endpoint)
        /// Make the exchange, then call `answered`.
        case fetch(HTTPRequest)
        /// The mapping is there, is another one, or is gone: a candidate came or went.
        case mappingChanged(Mapping?)
        /// Something else is known of the gateway.
        case note(GatewayReport)
        /// The mapping was removed after `close`, or the gateway did not answer to that: nothing more will be asked for.
        case closed
    }

    enum Phase: Sendable {
        /// There is no route that a mapping could be asked on.
        case idle
        case probing(Probe)
        case asking(Attempt, AttemptRow)
        /// Until the lease is to be renewed or, without one, until the next attempt.
        case resting(until: Instant)
        case removing(Removal)
        case closed
    }

    /// How long a service is asked without a search after it was seen.
    static let trust: Duration = .seconds(600)
    /// Between two requests for the same mapping, whoever wants them (RFC 6887 §11.2.1).
    static let shortestInterval: Duration = .seconds(4)
    /// The wait after the first attempt without success; it doubles with each further one.
    static let firstBackOff: Duration = .seconds(60)
    /// RFC 6887 §7.4 has refusals stand for half an hour.
    static let longestBackOff: Duration = .seconds(1800)
    /// UPnP locations remembered.
    static let maximumLocationCount = 8

    /// What is known of the gateway.
    package internal(set) var report = GatewayReport()

    var route: Route?
    var phase = Phase.idle
    var lease: Lease?
    /// When each protocol last answered.
    var seenAt: [MappingMethod: Instant] = [:]
    var locations: [(target: HTTPTarget, rank: Int)] = []
    var service: IGDService?
    /// The external address that NAT-PMP told since the last search.
    var natPMPAddress: IPAddress?
    var pcpEpoch = GatewayEpoch()
    var natPMPEpoch = GatewayEpoch()
    /// The external port to ask for: the last that we had.
    var preferredPort: UInt16?
    /// When it counts as known which protocols are not spoken.
    var verdictAt: Instant?
    var lastAskedAt: Instant?
    /// Attempts without success in a row.
    var failureCount = 0
    var attemptNumber: UInt32 = 0
    private var announced: Mapping?
    private var noted = GatewayReport()

    /// - Parameter preferredPort: the external port that an earlier run had, to be asked for again.
    package init(preferredPort: UInt16? = nil) {
        self.preferredPort = preferredPort
    }

    // MARK: What the shell tells

    /// Replaces the route: at the start and whenever gateway, local address or port may have changed; nil without a gateway.
    package mutating func setRoute(
        _ route: Route?, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        switch phase {
        case .removing, .closed: return
        case .idle, .probing, .asking, .resting: break
        }
        guard route != self.route else { return }
        let question = takeBack()
        let isSameGateway = route?.gateway == self.route?.gateway && route?.local == self.route?.local
        self.route = route
        if isSameGateway {
            // Asked once; the answer does not matter.
            question?.ask(id: nextRequestID(), effects: &effects)
        } else {
            // The old gateway is out of reach, or knows us by an address that we do not have any more.
            forgetGateway()
        }
        failureCount = 0
        begin(at: now, using: &random, effects: &effects)
        publish(effects: &effects)
    }

    /// Makes sure that the mapping is there, or looks for one at once: after the network was gone, or when somebody asks.
    package mutating func refresh(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard case .resting = phase, now >= (lastAskedAt.map { $0 + Self.shortestInterval } ?? now) else { return }
        if lease != nil {
            renew(at: now, using: &random, effects: &effects)
        } else {
            startProbe(at: now, effects: &effects)
        }
        publish(effects: &effects)
    }

    /// Takes a datagram that arrived; what the gateway did not send or what makes no sense is ignored.
    package mutating func receive(
        _ bytes: RawSpan, from source: Endpoint, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        guard let route, source.address.canonical == route.gateway else { return }
        if source.port == NATPMPRequest.port {
            if let response = PCPResponse(parsing: bytes) {
                receive(response, at: now, using: &random, effects: &effects)
            } else if route.local.isIPv4, let response = NATPMPResponse(parsing: bytes) {
                receive(response, at: now, using: &random, effects: &effects)
            }
        } else if route.local.isIPv4, let answer = SSDPAnswer(parsing: bytes) {
            receive(answer, at: now, using: &random, effects: &effects)
        }
        publish(effects: &effects)
    }

    /// Takes the end of an exchange.
    package mutating func answered(
        _ id: RequestID, with answer: HTTPAnswer, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        switch phase {
        case .asking(.upnp(var attempt), let row):
            let progress = attempt.receive(answer, to: id, at: now, using: &random, effects: &effects)
            learn(from: attempt)
            settle(progress, .upnp(attempt), row, at: now, using: &random, effects: &effects)
        case .removing(let removal):
            if removal.isAnswered(by: id) { finish(effects: &effects) }
        case .idle, .probing, .asking, .resting, .closed: break
        }
        publish(effects: &effects)
    }

    /// Removes the mapping; `closed` follows within a second.
    package mutating func close(at now: Instant, effects: inout [Effect]) {
        switch phase {
        case .removing, .closed: return
        case .idle, .probing, .asking, .resting: break
        }
        let question = takeBack()
        verdictAt = nil
        if let question {
            phase = .removing(Removal(question, id: nextRequestID(), at: now, effects: &effects))
        } else {
            finish(effects: &effects)
        }
        publish(effects: &effects)
    }

    // MARK: Time

    /// When `deadlineReached` wants to be called; nil when there is nothing to wait for.
    package var nextDeadline: Instant? {
        let ofPhase: Instant? =
            switch phase {
            case .idle, .closed: nil
            case .probing(let probe): probe.deadline
            case .asking(let attempt, _): attempt.deadline
            case .resting(let until): until
            case .removing(let removal): removal.deadline
            }
        var earliest = ofPhase
        for deadline in [verdictAt, lease?.expiresAt] {
            guard let deadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    /// Sends again, renews, gives up: whatever has become due.
    package mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        if let verdictAt, verdictAt <= now {
            self.verdictAt = nil
            for method in MappingMethod.allCases where report[method] == .unknown { report[method] = .absent }
        }
        if let lease, lease.expiresAt <= now {
            self.lease = nil
            begin(at: now, using: &random, effects: &effects)
        }
        switch phase {
        case .probing(var probe):
            guard probe.deadline <= now else { break }
            if probe.deadlineReached(at: now, effects: &effects) {
                phase = .probing(probe)
            } else {
                endProbe(at: now, using: &random, effects: &effects)
            }
        case .asking(var attempt, let row):
            let progress = attempt.deadlineReached(at: now, using: &random, effects: &effects)
            if case .upnp(let attempt) = attempt { learn(from: attempt) }
            settle(progress, attempt, row, at: now, using: &random, effects: &effects)
        case .resting(let until):
            guard until <= now else { break }
            if lease != nil {
                renew(at: now, using: &random, effects: &effects)
            } else {
                begin(at: now, using: &random, effects: &effects)
            }
        case .removing(var removal):
            if removal.deadlineReached(at: now, effects: &effects) {
                phase = .removing(removal)
            } else {
                finish(effects: &effects)
            }
        case .idle, .closed: break
        }
        publish(effects: &effects)
    }

    // MARK: Common steps

    /// Tells what has changed since it was last told.
    private mutating func publish(effects: inout [Effect]) {
        if lease?.mapping != announced {
            announced = lease?.mapping
            effects.append(.mappingChanged(announced))
        }
        report.mapping = lease?.mapping
        if report != noted {
            noted = report
            effects.append(.note(report))
        }
    }

    private mutating func finish(effects: inout [Effect]) {
        phase = .closed
        effects.append(.closed)
    }

    /// Gives up the lease or the attempt; answers with what is to be taken back.
    private mutating func takeBack() -> Removal.Question? {
        defer { lease = nil }
        if let lease, let route { return Removal.Question(lease, on: route) }
        guard case .asking(let attempt, _) = phase else { return nil }
        return attempt.removal
    }

    private mutating func forgetGateway() {
        seenAt = [:]
        locations = []
        service = nil
        natPMPAddress = nil
        pcpEpoch = GatewayEpoch()
        natPMPEpoch = GatewayEpoch()
        verdictAt = nil
        report = GatewayReport(gateway: route?.gateway)
    }

    /// Names an exchange outside of the attempts.
    mutating func nextRequestID() -> RequestID {
        attemptNumber &+= 1
        return RequestID(attempt: attemptNumber, call: 0)
    }
}

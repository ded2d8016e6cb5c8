package import Wire

/// Finds out how the NATs and firewalls on the way behave, with the help of STUN servers (RFC 5780 §4).
///
/// With any two servers it learns the mapped addresses and, if these differ, that mappings depend on the destination.
/// With one server that has two addresses it learns the whole mapping and filtering behaviour. It uses two local ports:
/// *main*, the one whose mapping matters, and *second*, a fresh one for the filtering tests. These need a port that has
/// sent to one server address only, and main has sent to several. Between the two it tests hairpinning.
/// ```
///  main   ──► every server                     binding: mapped addresses, OTHER-ADDRESS (a,p) of server (A,P)
///  main   ──► (a,P) (a,p)                      mapping
///  second ──► (A,P)                            opens the NAT for (A,P) alone; its mapped address
///  second ──► (A,P) change address and port    filtering: an answer from (a,p) passes only endpoint-independent filters
///  second ──► (A,P) change port                filtering: an answer from (A,p) passes address-dependent ones too
///  main ◄──► second, by external addresses     hairpinning; both ways, so that each opens its filter for the other
/// ```
/// All that can run side by side does. A server names its other address itself, so no more than two requests, with
/// their repetitions, go there. One machine serves one address family.
package struct BehaviorDiscovery: Sendable {
    /// A local UDP port.
    package enum Socket: Hashable, Sendable {
        case main
        case second
    }

    package enum Effect: Equatable, Sendable {
        case send([UInt8], to: Endpoint, from: Socket)
        /// A server told the main port's external address: the first of them is a candidate at once.
        case mapped(BehaviorReport.Answer)
        /// All tests have ended.
        case finished(BehaviorReport)
    }

    /// What to test besides the mapping.
    package struct Options: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// The filtering behaviour; needs the second socket.
        package static let filtering = Options(rawValue: 1)
        /// Hairpinning; needs the second socket.
        package static let hairpinning = Options(rawValue: 2)
    }

    /// The most servers that are asked; two tell all there is to tell, more are for their latency.
    package static let serverLimit = 8

    /// What is known so far.
    package private(set) var report: BehaviorReport
    /// When to call `deadlineReached`; nil once finished.
    package private(set) var nextDeadline: Instant?

    private let schedule: Transaction.Schedule
    private let options: Options
    private var probes: [BehaviorProbe] = []
    private var samples: [MappingBehavior.Sample] = []
    /// The server with another address that the tests of RFC 5780 are made with, and that other address.
    private var helper: (server: Endpoint, other: Endpoint)?
    private var hasStartedSecond = false
    private var secondMapped: Endpoint?
    private var filteringAnswers: [ChangeRequest] = []
    private var filteringIsUndecidable = false
    private var isFinished = false

    /// Starts: asks every server from the main socket.
    ///
    /// - Parameters:
    ///   - servers: of one family; those of another than the first's are left out, and so are those above the limit.
    ///   - local: the main socket's own address, where it is known.
    package init(
        servers: [Endpoint], local: Endpoint? = nil, options: Options = [.filtering, .hairpinning],
        schedule: Transaction.Schedule = .probing, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        self.schedule = schedule
        self.options = options
        report = BehaviorReport(local: local)
        var asked: Set<Endpoint> = []
        for server in servers.map({ Endpoint($0.address.canonical, $0.port) })
        where server.address.family == servers.first?.address.canonical.family && server.address.isUnicast {
            guard asked.count < Self.serverLimit, asked.insert(server).inserted else { continue }
            start(.binding, from: .main, to: server, at: now, using: &random, effects: &effects)
        }
        settle(effects: &effects)
    }

    /// Takes a datagram that arrived on one of the two sockets; answers false when it is none of this machine's.
    ///
    /// An answer counts only with the right transaction and from the address that was asked.
    package mutating func receive(
        _ bytes: RawSpan, from source: Endpoint, on socket: Socket, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) -> Bool {
        guard let header = try? Header(parsing: bytes), header.hasMagicCookie,  // What does not parse is not ours.
            let index = probes.firstIndex(where: { $0.request.transactionID == header.transactionID })
        else { return false }
        let probe = probes[index]
        if probe.test == .hairpin {
            guard header.type == .bindingRequest, socket != probe.socket else { return false }
            report.hairpins = true
            probes.removeAll { $0.test == .hairpin }
            settle(effects: &effects)
            return true
        }
        guard socket == probe.socket, let response = try? BindingResponse(parsing: bytes) else { return false }  // As above.
        let source = Endpoint(source.address.canonical, source.port)
        if source == probe.expectedSource {
            probes.remove(at: index)
            answered(probe, with: response, at: now, using: &random, effects: &effects)
        } else if case .filtering = probe.test, source == probe.destination {
            // Refused, or answered as if nothing had been asked for: silence from this server would prove nothing.
            probes.remove(at: index)
            filteringIsUndecidable = true
        }
        startSecondWithoutHelper(at: now, using: &random, effects: &effects)
        settle(effects: &effects)
        return true
    }

    /// Repeats what got no answer yet, gives up what waited long enough.
    package mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        var index = 0
        while index < probes.count {
            switch probes[index].transaction.deadlineReached(at: now) {
            case .wait:
                index += 1
            case .transmit:
                transmit(probes[index], effects: &effects)
                index += 1
            case .giveUp:
                gaveUp(probes.remove(at: index))
            }
        }
        startSecondWithoutHelper(at: now, using: &random, effects: &effects)
        settle(effects: &effects)
    }

    private mutating func answered(
        _ probe: BehaviorProbe, with response: BindingResponse, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard case .mapped(let mapped) = response.result else {
            if case .filtering = probe.test { filteringIsUndecidable = true }
            return
        }
        switch probe.test {
        case .binding:
            let latency = probe.transaction.transmissionCount == 1 ? now - probe.startedAt : nil
            let answer = BehaviorReport.Answer(server: probe.destination, mapped: mapped, latency: latency)
            report.answers.append(answer)
            effects.append(.mapped(answer))
            samples.append(.init(server: probe.destination, mapped: mapped))
            if helper == nil, let other = response.otherAddress, Self.isUsable(other, of: probe.destination) {
                helper = (probe.destination, other)
                startMappingTests(at: now, using: &random, effects: &effects)
                startSecond(at: now, using: &random, effects: &effects)
            }
        case .mapping:
            samples.append(.init(server: probe.destination, mapped: mapped))
        case .secondBinding:
            secondMapped = mapped
            startFilteringTests(at: now, using: &random, effects: &effects)
            startHairpinTest(secondMapped: mapped, at: now, using: &random, effects: &effects)
        case .filtering(let change):
            filteringAnswers.append(change)
        case .hairpin:
            break
        }
    }

    private mutating func gaveUp(_ probe: BehaviorProbe) {
        switch probe.test {
        case .hairpin: report.hairpins = false
        case .secondBinding: filteringIsUndecidable = true
        case .binding, .mapping, .filtering: break
        }
    }

    /// Another address differs in both parts, is of the same family, and is no group or nowhere.
    private static func isUsable(_ other: Endpoint, of server: Endpoint) -> Bool {
        other.address.family == server.address.family && other.address != server.address && other.port != server.port
            && other.port != 0 && other.address.isUnicast
    }

    private mutating func startMappingTests(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard let helper else { return }
        let destinations = [Endpoint(helper.other.address, helper.server.port), helper.other]
        for destination in destinations
        where !samples.contains(where: { $0.server == destination })
            && !probes.contains(where: { $0.destination == destination })
        {
            start(.mapping, from: .main, to: destination, at: now, using: &random, effects: &effects)
        }
    }

    private mutating func startSecond(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard !hasStartedSecond, !options.isEmpty, let server = helper?.server ?? report.answers.first?.server else { return }
        hasStartedSecond = true
        start(.secondBinding, from: .second, to: server, at: now, using: &random, effects: &effects)
    }

    /// When every server has spoken and none has another address, any of them serves for the hairpin test.
    private mutating func startSecondWithoutHelper(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard options.contains(.hairpinning), !probes.contains(where: { $0.test == .binding }) else { return }
        startSecond(at: now, using: &random, effects: &effects)
    }

    private mutating func startFilteringTests(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard options.contains(.filtering), let helper else { return }
        start(
            .filtering([.address, .port]), from: .second, to: helper.server, expecting: helper.other, at: now,
            using: &random, effects: &effects)
        start(
            .filtering(.port), from: .second, to: helper.server,
            expecting: Endpoint(helper.server.address, helper.other.port), at: now, using: &random, effects: &effects)
    }

    private mutating func startHairpinTest(
        secondMapped: Endpoint, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard options.contains(.hairpinning), report.isTranslated != false, let mapped = report.mapped else { return }
        start(.hairpin, from: .second, to: mapped, at: now, using: &random, effects: &effects)
        start(.hairpin, from: .main, to: secondMapped, at: now, using: &random, effects: &effects)
    }

    private mutating func start(
        _ test: BehaviorProbe.Test, from socket: Socket, to destination: Endpoint, expecting source: Endpoint? = nil,
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        var change: ChangeRequest = []
        if case .filtering(let flags) = test { change = flags }
        let probe = BehaviorProbe(
            test: test, socket: socket, destination: destination, expectedSource: source ?? destination,
            request: BindingRequest(transactionID: TransactionID(using: &random), change: change), startedAt: now,
            transaction: Transaction(schedule, at: now))
        probes.append(probe)
        transmit(probe, effects: &effects)
    }

    private mutating func transmit(_ probe: BehaviorProbe, effects: inout [Effect]) {
        report.packetCount += 1
        effects.append(.send(probe.request.encoded(), to: probe.destination, from: probe.socket))
    }

    /// Draws what conclusions there are, finds the next deadline, and ends when nothing is under way.
    private mutating func settle(effects: inout [Effect]) {
        report.mapping = MappingBehavior(samples: samples)
        nextDeadline = probes.lazy.map(\.transaction.deadline).min()
        guard probes.isEmpty, !isFinished else { return }
        isFinished = true
        report.filtering = filteringVerdict
        effects.append(.finished(report))
    }

    private var filteringVerdict: FilteringBehavior? {
        guard options.contains(.filtering), helper != nil, secondMapped != nil else { return nil }
        if filteringAnswers.contains([.address, .port]) { return .endpointIndependent }
        guard !filteringIsUndecidable else { return nil }
        return filteringAnswers.contains(.port) ? .addressDependent : .addressAndPortDependent
    }
}

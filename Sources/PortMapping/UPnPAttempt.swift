internal import Wire

/// Asks a UPnP gateway for a mapping, or to renew one: description, external address, rule.
///
/// ```
/// GET description ─► services ─► GetExternalIPAddress of each, the best kind first
///                                   public ─► AddAnyPortMapping or AddPortMapping, again as the error tells
///                                   private ─► kept for when no service is public
/// ```
struct UPnPAttempt: Sendable {
    private enum Step: Hashable, Sendable {
        case describing(HTTPTarget)
        case addressing(IGDService)
        case adding(Rule)
    }

    /// What is asked for, and which ways of asking are used up.
    private struct Rule: Hashable, Sendable {
        let service: IGDService
        let address: IPAddress
        var externalPort: UInt16
        var usesAny: Bool
        var isPermanent: Bool
        var otherPortsLeft = 4
        var mayTrySamePort = true
    }

    private enum Renewal: Sendable {
        case limited
        case permanent
    }

    /// Descriptions read at most; a gateway that is also a media server has two.
    private static let maximumDescriptionCount = 3
    /// Exchanges in one attempt, so that no gateway keeps us busy.
    private static let maximumCallCount = 14

    let route: Route
    private let number: UInt32
    private let preferredPort: UInt16?
    private let endsAt: Instant
    private var locations: [HTTPTarget]
    private var services: [IGDService]
    private var nested: [(service: IGDService, address: IPAddress)] = []
    /// The lease that is renewed, if any.
    private let renewal: Renewal?
    private var step: Step?
    private var callCount = 0
    private var callEndsAt: Instant
    private var failure = MappingFailure.noService
    /// What the descriptions and answers told.
    private(set) var deviceName: String?
    private(set) var service: IGDService?
    private(set) var externalAddress: IPAddress?

    /// - Parameters:
    ///   - number: differs between attempts, for the requests' names.
    ///   - lease: to renew, else nil.
    ///   - service: known from before; then no description is read.
    init(
        _ route: Route, number: UInt32, locations: [HTTPTarget], service: IGDService?, lease: Lease?, preferredPort: UInt16?,
        endsAt: Instant, at now: Instant
    ) {
        self.route = route
        self.number = number
        self.preferredPort = lease?.mapping.external.port ?? preferredPort.flatMap { $0 >= Self.lowestPort ? $0 : nil }
        self.endsAt = endsAt
        callEndsAt = endsAt
        if case .upnp(let service, let isPermanent) = lease?.token {
            services = [service]
            renewal = isPermanent ? .permanent : .limited
            self.locations = []
        } else {
            services = service.map { [$0] } ?? []
            renewal = nil
            self.locations = service == nil ? Array(locations.prefix(Self.maximumDescriptionCount)) : []
        }
    }

    var deadline: Instant { min(endsAt, callEndsAt) }

    /// What may have been added although no answer came: to be removed by whoever gives up the attempt.
    var uncertain: (service: IGDService, externalPort: UInt16)? {
        guard case .adding(let rule) = step else { return nil }
        return (rule.service, rule.externalPort)
    }

    mutating func start(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        next(at: now, using: &random, effects: &effects)
    }

    mutating func receive(
        _ answer: HTTPAnswer, to id: RequestID, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        guard id == RequestID(attempt: number, call: callCount), let step else { return .pending }
        switch step {
        case .describing(let location):
            if case .answered(200, let document?) = answer {
                let description = IGDDescription(document, at: location)
                deviceName = deviceName ?? description.deviceName
                services = description.services
            } else if case .failed = answer {
                failure = .noAnswer
            }
            return next(at: now, using: &random, effects: &effects)
        case .addressing(let service):
            return addressAnswered(SOAPAnswer(answer), by: service, at: now, using: &random, effects: &effects)
        case .adding(let rule):
            return addAnswered(SOAPAnswer(answer), to: rule, at: now, using: &random, effects: &effects)
        }
    }

    mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        guard now < endsAt else { return .failed(.noAnswer) }
        guard now >= callEndsAt else { return .pending }
        return receive(
            .failed, to: RequestID(attempt: number, call: callCount), at: now, using: &random, effects: &effects)
    }

    // MARK: Steps

    /// Goes to the next service, or the next description, or takes what a service inside another NAT offers.
    private mutating func next(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        if !services.isEmpty {
            let service = services.removeFirst()
            return call(.getExternalIPAddress, of: service, as: .addressing(service), at: now, effects: &effects)
        }
        if !locations.isEmpty {
            let location = locations.removeFirst()
            guard let id = nextCall(as: .describing(location), at: now) else { return .failed(failure) }
            effects.append(.fetch(.description(at: location, id: id)))
            return .pending
        }
        if !nested.isEmpty {
            let (service, address) = nested.removeFirst()
            return add(to: service, address: address, at: now, using: &random, effects: &effects)
        }
        return .failed(failure)
    }

    private mutating func addressAnswered(
        _ answer: SOAPAnswer, by service: IGDService, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        switch answer {
        case .done(let address?, _):
            self.service = service
            externalAddress = address
            switch ExternalScope(address) {
            case .everywhere: return add(to: service, address: address, at: now, using: &random, effects: &effects)
            case .insideAnotherNAT: nested.append((service, address))
            case .nowhere: failure = .unusableAddress(address)
            }
        case .done(nil, _): failure = .networkDown
        case .fault(let code): failure = .refused(.upnp, code: code)
        case .nothing: failure = .noAnswer
        }
        return next(at: now, using: &random, effects: &effects)
    }

    private mutating func add(
        to service: IGDService, address: IPAddress, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        let rule = Rule(
            service: service, address: address, externalPort: preferredPort ?? Self.randomPort(using: &random),
            // A renewal is for the very port that we have.
            usesAny: service.kind.choosesPort && renewal == nil, isPermanent: renewal == .permanent)
        return add(rule, at: now, effects: &effects)
    }

    private mutating func add(_ rule: Rule, at now: Instant, effects: inout [PortMapper.Effect]) -> AttemptProgress {
        let portRule = SOAPCall.PortRule(
            externalPort: rule.externalPort, internalPort: route.internalPort, client: route.local)
        let lease = rule.isPermanent ? 0 : Lease.askedLifetime
        return call(
            rule.usesAny ? .addAnyPortMapping(portRule, lease: lease) : .addPortMapping(portRule, lease: lease),
            of: rule.service, as: .adding(rule), at: now, effects: &effects)
    }

    private mutating func addAnswered(
        _ answer: SOAPAnswer, to rule: Rule, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        switch answer {
        case .done(_, let reservedPort):
            var port = rule.externalPort
            if rule.usesAny, let reservedPort, reservedPort != 0 { port = reservedPort }
            let mapping = Mapping(
                method: .upnp, external: Endpoint(rule.address.canonical, port), internalPort: route.internalPort)
            service = rule.service
            externalAddress = rule.address
            return .granted(
                Lease(
                    mapping, .upnp(rule.service, isPermanent: rule.isPermanent), seconds: Lease.askedLifetime, at: now))
        case .fault(let code):
            if let changed = changed(rule, after: code, using: &random) { return add(changed, at: now, effects: &effects) }
        case .nothing:
            failure = .noAnswer
        }
        return next(at: now, using: &random, effects: &effects)
    }

    /// Another way of asking for a rule after a refusal; nil, with the failure noted, when there is none.
    private mutating func changed(_ rule: Rule, after code: Int, using random: inout some RandomNumberGenerator) -> Rule? {
        var changed = rule
        switch UPnPErrorCode.remedy(for: code) {
        case .plainAction where rule.usesAny:
            changed.usesAny = false
        case .permanentLease where !rule.isPermanent, .anything where !rule.isPermanent:
            changed.isPermanent = true
        case .samePort where rule.mayTrySamePort:
            changed.mayTrySamePort = false
            changed.externalPort = route.internalPort
        case .otherPort where rule.otherPortsLeft > 0, .anything where rule.otherPortsLeft > 0:
            changed.otherPortsLeft -= 1
            changed.externalPort = Self.randomPort(using: &random)
        case .otherPort:
            failure = .portConflict
            return nil
        case .none(let reason):
            failure = reason
            return nil
        case .plainAction, .permanentLease, .samePort, .anything:
            failure = .refused(.upnp, code: code)
            return nil
        }
        return changed
    }

    // MARK: Calls

    private mutating func call(
        _ action: SOAPCall, of service: IGDService, as step: Step, at now: Instant, effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        guard let id = nextCall(as: step, at: now) else { return .failed(failure) }
        effects.append(.fetch(.action(action, of: service, id: id)))
        return .pending
    }

    /// The name of the next exchange; nil when there were too many.
    private mutating func nextCall(as step: Step, at now: Instant) -> RequestID? {
        guard callCount < Self.maximumCallCount else { return nil }
        callCount += 1
        self.step = step
        // The shell's own timeout comes first; this one is for an answer that never does.
        callEndsAt = now + HTTPRequest.timeLimit + .milliseconds(250)
        return RequestID(attempt: number, call: callCount)
    }

    /// Lower ports are for servers of the system, and many gateways keep them for themselves.
    private static let lowestPort: UInt16 = 1024

    private static func randomPort(using random: inout some RandomNumberGenerator) -> UInt16 {
        UInt16.random(in: lowestPort...UInt16.max, using: &random)
    }
}

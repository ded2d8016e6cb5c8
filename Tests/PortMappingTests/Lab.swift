import PortMapping
import Testing
import Wire

/// A mapper and its gateway in virtual time.
struct Lab {
    static let local = IPAddress(192, 168, 1, 50)

    var mapper: PortMapper
    var gateway: FakeGateway
    var random: SeededGenerator
    private(set) var now = Instant.zero

    private enum Event {
        case datagram([UInt8], from: Endpoint)
        case answer(RequestID, HTTPAnswer)
    }

    private var events: [(at: Instant, event: Event)] = []

    /// What the mapper told, in order.
    private(set) var mappings: [(at: Instant, mapping: Mapping?)] = []
    private(set) var reports: [(at: Instant, report: GatewayReport)] = []
    private(set) var sent: [(at: Instant, bytes: [UInt8], to: Endpoint)] = []
    private(set) var fetches: [(at: Instant, request: HTTPRequest)] = []
    private(set) var closedAt: Instant?
    /// Whether exchanges get no answer at all, not even a failure.
    var swallowsExchanges = false
    /// Whether the gateway has gone silent.
    var isCut = false

    init(speaks: Set<MappingMethod>, preferredPort: UInt16? = nil, seed: UInt64 = 1) {
        mapper = PortMapper(preferredPort: preferredPort)
        gateway = FakeGateway()
        gateway.speaks = speaks
        random = SeededGenerator(seed)
    }

    var mapping: Mapping? { mappings.last?.mapping ?? nil }

    mutating func start(port: UInt16 = 41641) {
        setRoute(Route(gateway: gateway.address, local: Self.local, internalPort: port))
    }

    mutating func setRoute(_ route: Route?) {
        var effects: [PortMapper.Effect] = []
        mapper.setRoute(route, at: now, using: &random, effects: &effects)
        carryOut(effects)
    }

    mutating func refresh() {
        var effects: [PortMapper.Effect] = []
        mapper.refresh(at: now, using: &random, effects: &effects)
        carryOut(effects)
    }

    mutating func close() {
        var effects: [PortMapper.Effect] = []
        mapper.close(at: now, effects: &effects)
        carryOut(effects)
    }

    mutating func deliver(_ bytes: [UInt8], from source: Endpoint) {
        var effects: [PortMapper.Effect] = []
        mapper.receive(bytes.bytes, from: source, at: now, using: &random, effects: &effects)
        carryOut(effects)
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        var steps = 0
        while true {
            steps += 1
            guard steps < 100_000 else {
                Issue.record("the mapper does not come to rest")
                return
            }
            let event = events.indices.min { events[$0].at < events[$1].at }
            let eventAt = event.map { events[$0].at }
            let deadline = mapper.nextDeadline
            guard let next = [eventAt, deadline].compactMap({ $0 }).min(), next <= end else { break }
            now = max(now, next)
            var effects: [PortMapper.Effect] = []
            if let event, eventAt == next {
                switch events.remove(at: event).event {
                case .datagram(let bytes, let source):
                    mapper.receive(bytes.bytes, from: source, at: now, using: &random, effects: &effects)
                case .answer(let id, let answer):
                    mapper.answered(id, with: answer, at: now, using: &random, effects: &effects)
                }
            } else {
                mapper.deadlineReached(at: now, using: &random, effects: &effects)
                if let after = mapper.nextDeadline { #expect(after > now, "a deadline stays in the past") }
            }
            carryOut(effects)
        }
        now = end
    }

    private mutating func carryOut(_ effects: [PortMapper.Effect]) {
        for effect in effects {
            switch effect {
            case .sendUDP(let bytes, let destination), .sendMulticast(let bytes, let destination):
                sent.append((now, bytes, destination))
                guard !isCut else { break }
                for answer in gateway.receive(bytes, to: destination, at: now) {
                    events.append((now + gateway.latency, .datagram(answer.bytes, from: Endpoint(gateway.address, answer.port))))
                }
            case .fetch(let request):
                fetches.append((now, request))
                guard !swallowsExchanges else { break }
                events.append((now + gateway.latency, .answer(request.id, isCut ? .failed : gateway.answer(request))))
            case .mappingChanged(let mapping): mappings.append((now, mapping))
            case .note(let report): reports.append((now, report))
            case .closed: closedAt = now
            }
        }
    }
}

extension Instant {
    /// Since the start of the test.
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

import STUN
import Testing
import Wire

struct BehaviorDiscoveryTests {
    @Test(
        arguments: [MappingBehavior.endpointIndependent, .addressDependent, .addressAndPortDependent],
        FilteringBehavior.allCases)
    func oneServerWithTwoAddressesTellsAll(mapping: MappingBehavior, filtering: FilteringBehavior) {
        var lab = Lab(mapping: mapping, filtering: filtering)
        let report = lab.run(servers: [Lab.primary])
        #expect(report?.mapping == mapping)
        #expect(report?.filtering == filtering)
        #expect(report?.isTranslated == true)
        #expect(report?.answers.count == 1)
    }

    @Test(arguments: 0..<30)
    func lossHidesNothingThatIsAnsweredOnce(seed: UInt64) {
        var lab = Lab(mapping: .endpointIndependent, filtering: .endpointIndependent, seed: seed)
        lab.losesFirstOfEach = true
        let report = lab.run(servers: [Lab.primary])
        #expect(report?.mapping == .endpointIndependent)
        #expect(report?.filtering == .endpointIndependent)
        #expect(report?.answers.first?.latency == nil)
    }

    @Test
    func serversOfOneMachineDoNotSpoilTheFilteringTest() {
        var lab = Lab(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
        let report = lab.run(servers: Lab.addresses?.sockets ?? [])
        #expect(report?.filtering == .addressAndPortDependent)
        #expect(report?.answers.count == 4)
    }

    @Test
    func twoPlainServersTellTheMappingOnly() {
        var lab = Lab(mapping: .addressAndPortDependent, filtering: .endpointIndependent)
        lab.responder = Responder()
        let report = lab.run(servers: [Lab.primary, endpoint("192.0.2.77:3478")])
        #expect(report?.mapping == .destinationDependent)
        #expect(report?.filtering == nil)
    }

    @Test(arguments: [true, false])
    func hairpinningIsFoundOut(hairpins: Bool) {
        var lab = Lab(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
        lab.hairpins = hairpins
        #expect(lab.run(servers: [Lab.primary])?.hairpins == hairpins)
        var plain = Lab(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
        plain.hairpins = hairpins
        plain.responder = Responder()
        #expect(plain.run(servers: [Lab.primary])?.hairpins == hairpins)
    }

    @Test
    func silenceIsToldApart() {
        var lab = Lab(mapping: .endpointIndependent, filtering: .endpointIndependent)
        lab.isBlocked = true
        let report = lab.run(servers: [Lab.primary])
        #expect(report?.isSilent == true)
        #expect(report?.mapping == nil)
        #expect(report?.packetCount == 3)
        #expect(lab.now == .zero + .milliseconds(2100))
    }

    @Test
    func anAnswerFromAnotherAddressThanTheOneAskedIsIgnored() throws {
        var random = SeededGenerator(1)
        var effects: [BehaviorDiscovery.Effect] = []
        var discovery = BehaviorDiscovery(servers: [Lab.primary], at: .zero, using: &random, effects: &effects)
        guard case .send(let request, to: _, from: .main) = try #require(effects.first) else {
            Issue.record("nothing was sent")
            return
        }
        var reply = ByteWriter()
        _ = Responder().respond(to: request.bytes, from: endpoint("203.0.113.9:5"), receivedOn: Lab.primary, into: &reply)
        effects = []
        _ = discovery.receive(
            reply.bytes.bytes, from: endpoint("192.0.2.66:3478"), on: .main, at: .zero, using: &random, effects: &effects)
        #expect(effects.isEmpty)
        #expect(discovery.report.answers.isEmpty)
    }

    @Test
    func whatIsNotItsOwnIsLeftToOthers() {
        var random = SeededGenerator(1)
        var effects: [BehaviorDiscovery.Effect] = []
        var discovery = BehaviorDiscovery(servers: [Lab.primary], at: .zero, using: &random, effects: &effects)
        for bytes in [[], [1, 2, 3], MessageVectors.named("reply of a server with two addresses")] {
            let isTaken = discovery.receive(
                bytes.bytes, from: Lab.primary, on: .main, at: .zero, using: &random, effects: &effects)
            #expect(!isTaken)
        }
    }

    @Test
    func aServerThatAnswersAChangeRequestFromTheSameSocketProvesNothing() {
        var lab = Lab(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
        lab.ignoresChangeRequests = true
        let report = lab.run(servers: [Lab.primary])
        #expect(report?.mapping == .endpointIndependent)
        #expect(report?.filtering == nil)
    }

    @Test
    func withoutANATTheLocalAddressIsTheMappedOne() {
        var lab = Lab(mapping: .endpointIndependent, filtering: .endpointIndependent)
        lab.isTransparent = true
        let report = lab.run(servers: [Lab.primary])
        #expect(report?.isTranslated == false)
        #expect(report?.preservesPort == true)
        #expect(report?.hairpins == nil)
    }

    @Test
    func theNumberOfServersIsBounded() {
        var random = SeededGenerator(1)
        var effects: [BehaviorDiscovery.Effect] = []
        let servers = (1...40).map { Endpoint(IPAddress(192, 0, 2, $0), 3478) }
        _ = BehaviorDiscovery(servers: servers + servers, at: .zero, using: &random, effects: &effects)
        #expect(effects.count == BehaviorDiscovery.serverLimit)
    }
}

/// A client with two sockets, its NAT and a server, in virtual time.
private struct Lab {
    static let primary = endpoint("192.0.2.1:3478")
    static let addresses = ServerAddresses(primary: primary, alternate: endpoint("192.0.2.2:3479"))

    let mapping: MappingBehavior
    let filtering: FilteringBehavior
    var responder = Responder(addresses: addresses.map { [$0] } ?? [])
    var hairpins = false
    var isBlocked = false
    var isTransparent = false
    var ignoresChangeRequests = false
    /// The first transmission of each request gets lost.
    var losesFirstOfEach = false
    private(set) var now = Instant.zero

    private var random: SeededGenerator
    private var mappings: [Mapping] = []
    private var sent: Set<[UInt8]> = []
    private let locals: [BehaviorDiscovery.Socket: Endpoint] = [
        .main: endpoint("10.0.0.5:41641"), .second: endpoint("10.0.0.5:50000"),
    ]

    private struct Mapping {
        let socket: BehaviorDiscovery.Socket
        let destination: Endpoint
        let external: Endpoint
    }

    init(mapping: MappingBehavior, filtering: FilteringBehavior, seed: UInt64 = 7) {
        self.mapping = mapping
        self.filtering = filtering
        random = SeededGenerator(seed)
    }

    mutating func run(servers: [Endpoint]) -> BehaviorReport? {
        var effects: [BehaviorDiscovery.Effect] = []
        var discovery = BehaviorDiscovery(
            servers: servers, local: locals[.main], at: now, using: &random, effects: &effects)
        while true {
            while !effects.isEmpty {
                switch effects.removeFirst() {
                case .send(let bytes, to: let destination, from: let socket):
                    deliver(bytes, to: destination, from: socket, discovery: &discovery, effects: &effects)
                case .mapped: break
                case .finished(let report): return report
                }
            }
            guard let deadline = discovery.nextDeadline else { return nil }
            now = deadline
            discovery.deadlineReached(at: now, using: &random, effects: &effects)
        }
    }

    private mutating func deliver(
        _ bytes: [UInt8], to destination: Endpoint, from socket: BehaviorDiscovery.Socket,
        discovery: inout BehaviorDiscovery, effects: inout [BehaviorDiscovery.Effect]
    ) {
        let external = external(of: socket, for: destination)
        if isBlocked || losesFirstOfEach && sent.insert(bytes).inserted { return }
        if let target = mappings.first(where: { $0.external == destination })?.socket {
            guard hairpins, passes(from: external, to: target, at: destination) else { return }
            _ = discovery.receive(bytes.bytes, from: external, on: target, at: now, using: &random, effects: &effects)
            return
        }
        var reply = ByteWriter()
        guard
            case .reply(to: let target, from: let origin) = responder.respond(
                to: bytes.bytes, from: external, receivedOn: destination, into: &reply),
            let receiver = mappings.first(where: { $0.external == target })?.socket
        else { return }
        let source = ignoresChangeRequests ? destination : Lab.addresses?.socket(origin, from: destination) ?? destination
        let from = origin == .same ? destination : source
        guard passes(from: from, to: receiver, at: target) else { return }
        _ = discovery.receive(reply.bytes.bytes, from: from, on: receiver, at: now, using: &random, effects: &effects)
    }

    private mutating func external(of socket: BehaviorDiscovery.Socket, for destination: Endpoint) -> Endpoint {
        let same = mappings.first { old in
            guard old.socket == socket else { return false }
            switch mapping {
            case .endpointIndependent: return true
            case .addressDependent: return old.destination.address == destination.address
            case .addressAndPortDependent, .destinationDependent: return old.destination == destination
            }
        }
        let local = locals[socket] ?? destination
        let fresh = Endpoint(IPAddress(203, 0, 113, 9), UInt16(20000 + mappings.count))
        let external = isTransparent ? local : same?.external ?? fresh
        mappings.append(Mapping(socket: socket, destination: destination, external: external))
        return external
    }

    private func passes(from source: Endpoint, to socket: BehaviorDiscovery.Socket, at external: Endpoint) -> Bool {
        mappings.contains { old in
            guard old.external == external, old.socket == socket else { return false }
            switch filtering {
            case .endpointIndependent: return true
            case .addressDependent: return old.destination.address == source.address
            case .addressAndPortDependent: return old.destination == source
            }
        }
    }
}

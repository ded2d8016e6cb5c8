import TestSupport
import Testing
import Traversal
import Wire

/// What a host finds out about its own side, behind every kind of NAT.
@Suite struct LocalAgentTests {
    /// A host behind the access, six seconds after its start.
    private func host(_ access: Access) -> SimulatedHost {
        let internet = SimulatedInternet()
        let host = access.host("alice", number: 1, in: internet)
        host.start()
        internet.run(for: .seconds(6))
        return host
    }

    static let kinds = [NATKind.Dependence.endpointIndependent, .addressDependent, .addressAndPortDependent].flatMap { mapping in
        [NATKind.Dependence.endpointIndependent, .addressDependent, .addressAndPortDependent].flatMap { filtering in
            [false, true].map { NATKind(mapping: mapping, filtering: filtering, hairpins: $0) }
        }
    }

    @Test(arguments: kinds)
    func theNATIsKnownForWhatItIs(kind: NATKind) {
        let behavior = host(.nat(kind)).local.description.behavior
        #expect(behavior.reachability == .ipv4)
        #expect(behavior.isTranslated == true)
        #expect(behavior.mapping == kind.mapping)
        #expect(behavior.mappingVaries == (kind.mapping != .endpointIndependent))
        #expect(behavior.filtering == kind.filtering)
        // A test packet passes only if its source port can be known to the filter.
        let isTestable = kind.mapping == .endpointIndependent || kind.filtering == .endpointIndependent
        #expect(behavior.hairpins == (kind.hairpins && isTestable))
        #expect(behavior.isHard == (kind.mapping != .endpointIndependent))
    }

    @Test func aCaptivePortalIsToldOnce() {
        var agent = LocalAgent(at: .zero)
        var effects: [LocalAgent.Effect] = []
        agent.setCaptive(true, effects: &effects)
        agent.setCaptive(true, effects: &effects)
        #expect(effects == [.descriptionChanged(agent.description)])
        #expect(agent.description.behavior.isCaptive == true)
    }

    @Test func keptPortsAreNoticed() {
        #expect(host(.nat(NATKind(allocation: .preserving))).local.description.behavior.allocation == .preserving)
    }

    @Test(arguments: [UInt16(1), 2, 5])
    func sequentialPortsAreNoticedWithTheirStep(step: UInt16) {
        let kind = NATKind(mapping: .addressAndPortDependent, allocation: .sequential(step: step))
        guard case .sequential = host(.nat(kind)).local.description.behavior.allocation else {
            Issue.record("no sequence was seen")
            return
        }
    }

    @Test func randomPortsAreNoticed() {
        let kind = NATKind(mapping: .addressAndPortDependent)
        #expect(host(.nat(kind)).local.description.behavior.allocation == .random)
    }

    @Test func aHostWithoutNATKnowsThatToo() {
        let behavior = host(.open).local.description.behavior
        #expect(behavior.isTranslated == false)
        #expect(host(.open).local.description.candidates.map(\.kind) == [.host])
    }

    @Test func blockedUDPIsNoticed() {
        let description = host(.blocked).local.description
        #expect(description.behavior.reachability == .blocked)
        #expect(description.candidates.map(\.kind) == [.host])
        #expect(description.confirmedAt != nil)
    }

    @Test func bothFamiliesAreGathered() {
        let description = host(.dualStack(NATKind())).local.description
        #expect(description.behavior.reachability == .dualStack)
        #expect(description.candidates.map(\.kind) == [.host, .host, .serverReflexive])
        // IPv6 first (RFC 8421), and its mapped address is its own: no candidate of its own.
        #expect(description.candidates.first?.endpoint.address.family == .ipv6)
    }

    @Test func aHardNATAddsTheGuessOfAForwardMadeByHand() throws {
        let description = host(.nat(NATKind(mapping: .addressAndPortDependent))).local.description
        #expect(description.candidates.map(\.kind) == [.host, .serverReflexive, .guessed])
        #expect(description.candidates.last?.endpoint.port == description.sockets.first?.port)
        #expect(description.candidates.last?.endpoint.address == IPAddress(203, 0, 113, 1))
    }

    @Test func tunnelsBridgesAndLoopbackAreNoCandidates() {
        var agent = LocalAgent(at: .zero)
        var effects: [LocalAgent.Effect] = []
        let interfaces = [
            NetworkInterface(name: "lo", index: 1, role: .loopback, addresses: [IPAddress(127, 0, 0, 1)]),
            NetworkInterface(name: "docker0", index: 2, role: .inner, addresses: [IPAddress(172, 17, 0, 1)]),
            NetworkInterface(
                name: "eth0", index: 3, role: .uplink, addresses: [IPAddress(192, 168, 1, 5), IPAddress(169, 254, 3, 4)]),
        ]
        agent.setNetwork(
            sockets: [LocalSocket(id: SocketID(1), family: .ipv4, port: 41641)], interfaces: interfaces, at: .zero,
            effects: &effects)
        #expect(agent.description.candidates == [Candidate(.host, Endpoint(IPAddress(192, 168, 1, 5), 41641))])
    }

    @Test(arguments: [true, false])
    func loopbackIsACandidateOnlyIfAllowedAndAlone(isAllowed: Bool) {
        var agent = LocalAgent(configuration: .init(allowsLoopback: isAllowed), at: .zero)
        var effects: [LocalAgent.Effect] = []
        agent.setNetwork(
            sockets: [LocalSocket(id: SocketID(1), family: .ipv4, port: 41641)],
            interfaces: [NetworkInterface(name: "lo", index: 1, role: .loopback, addresses: [IPAddress(127, 0, 0, 1)])],
            at: .zero, effects: &effects)
        #expect(agent.description.candidates.map(\.endpoint) == (isAllowed ? [Endpoint(IPAddress(127, 0, 0, 1), 41641)] : []))
    }

    @Test(arguments: [
        ("eth0", NetworkInterface.Role.uplink), ("wlan0", .uplink), ("enp3s0", .uplink), ("ppp0", .uplink), ("docker0", .inner),
        ("br-12ab", .inner), ("wg0", .inner), ("tailscale0", .inner), ("veth9", .inner),
    ])
    func anInterfacesNameTellsItsRole(name: String, role: NetworkInterface.Role) {
        #expect(NetworkInterface.role(named: name, isLoopback: false, isPointToPoint: name == "ppp0") == role)
    }

    @Test func mappingsAreConfirmedWhileInUseAndNotOtherwise() {
        let internet = SimulatedInternet()
        let alice = Access.nat(NATKind()).host("alice", number: 1, in: internet)
        alice.start()
        internet.run(for: .seconds(500))
        #expect(alice.local.nextDeadline == nil)
        let bob = Access.nat(NATKind()).host("bob", number: 2, in: internet)
        bob.start()
        internet.introduce(alice, bob)
        for _ in 0..<60 {
            alice.send(to: bob)
            internet.run(for: .seconds(1))
        }
        let age = alice.local.description.confirmedAt.map { internet.now - $0 }
        #expect(age.map { $0 <= .seconds(27) } == true)
    }
}

/// How long mappings live, measured without anybody's traffic.
@Suite struct LifetimeStudyTests {
    @Test(arguments: [(8, 7), (10, 7), (20, 15), (30, 25), (60, 50), (100, 95), (130, 125), (600, 125)])
    func theLifetimeIsFoundFromBelow(lifetime: Int, found: Int) {
        let internet = SimulatedInternet()
        let host = Access.nat(NATKind(lifetime: .seconds(lifetime))).host("alice", number: 1, in: internet)
        host.start()
        internet.run(for: .seconds(500))
        #expect(host.local.description.behavior.mappingLifetime == .seconds(found))
        #expect(host.local.nextDeadline == nil)
    }

    @Test func aHostWithoutNATMeasuresNothing() {
        let internet = SimulatedInternet()
        let host = Access.open.host("alice", number: 1, in: internet)
        host.start()
        internet.run(for: .seconds(500))
        #expect(host.local.description.behavior.mappingLifetime == nil)
    }
}

internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct PublicationTests {
    @Test func peersAreToldOfNewCandidates() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let candidates = [try PublishedCandidate.host("192.0.2.1:41641"), try .host("[2001:db8::1]:41641")]
        let nat = NATReport(mapping: .endpointIndependent)
        try harness.update(alice.id, CandidateUpdate(sequence: 5, candidates: candidates, homeRelay: 1, nat: nat))
        var expected = alice
        expected.candidates = candidates
        expected.homeRelay = 1
        expected.nat = nat
        #expect(harness.events.map(\.change) == [.changed(expected)])
        #expect(
            harness.effects.first
                == .persistLater([
                    .putPublication(alice.id, Publication(sequence: 5, candidates: candidates, homeRelay: 1, nat: nat))
                ]))
    }

    @Test func aStaleSequenceIsRefused() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        try harness.update(alice.id, CandidateUpdate(sequence: 5, candidates: []))
        for sequence in [5, 4] as [Int64] {
            #expect(throws: RegistryError.sequenceStale(given: sequence, stored: 5)) {
                try harness.update(alice.id, CandidateUpdate(sequence: sequence, candidates: []))
            }
        }
        for sequence in [0, -1, RegistryLimits.maximumSequence + 1] {
            #expect(throws: RegistryError.sequenceInvalid(sequence)) {
                try harness.update(alice.id, CandidateUpdate(sequence: sequence, candidates: []))
            }
        }
    }

    @Test func registeringAgainStartsTheSequenceAfresh() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        try harness.update(alice.node.node.id, CandidateUpdate(sequence: 5, candidates: []))
        _ = try harness.register(alice.key, with: nil)
        try harness.update(alice.node.node.id, CandidateUpdate(sequence: 1, candidates: []))
    }

    @Test(arguments: [
        ("127.0.0.1:1", CandidateRefusal.loopback), ("127.255.0.9:1", .loopback), ("[::1]:1", .loopback),
        ("[::ffff:127.0.0.1]:1", .loopback), ("[64:ff9b::7f00:1]:1", .loopback), ("[2002:7f00:1::]:1", .loopback),
        ("[::127.0.0.1]:1", .loopback), ("[::ffff:0:127.0.0.1]:1", .loopback), ("[64:ff9b:1::127.0.0.1]:1", .loopback),
        ("[2001:db8::5efe:127.0.0.1]:1", .loopback), ("[fe80::1]:1", .linkLocal), ("169.254.1.1:1", .linkLocal),
        ("[::ffff:169.254.169.254]:1", .linkLocal), ("[64:ff9b::a9fe:a9fe]:1", .linkLocal), ("224.0.0.1:1", .multicast),
        ("[ff02::1]:1", .multicast), ("[::ffff:239.1.1.1]:1", .multicast), ("255.255.255.255:1", .multicast),
        ("0.0.0.0:1", .unspecified), ("[::]:1", .unspecified), ("[::ffff:0.0.0.0]:1", .unspecified), ("0.1.2.3:1", .unspecified),
        ("192.0.2.1:0", .portZero),
    ])
    func addressesThatNoPeerMayProbeAreRefused(text: String, refusal: CandidateRefusal) throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let list = [try PublishedCandidate.host("192.0.2.1:1"), try .host(text)]
        #expect(throws: RegistryError.candidateRefused(index: 1, refusal)) {
            try harness.update(alice.id, CandidateUpdate(sequence: 1, candidates: list))
        }
        #expect(try harness.registry.peers(of: alice.id).me.candidates == [])
    }

    @Test func mappedAddressesBecomeIPv4AndTwinsBecomeOne() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let list = [try PublishedCandidate.host("[::ffff:192.0.2.1]:7", priority: 3), try .host("192.0.2.1:7", priority: 9)]
        try harness.update(alice.id, CandidateUpdate(sequence: 1, candidates: list))
        #expect(try harness.registry.peers(of: alice.id).me.candidates == [.host("192.0.2.1:7", priority: 9)])
    }

    @Test func loopbackIsTakenWhereTheOperatorAllowsItAndNothingElseIs() throws {
        var configuration = Registry.Configuration()
        configuration.allowsLoopbackCandidates = true
        var harness = RegistryHarness(configuration: configuration)
        let alice = try harness.member("alice").node.node
        try harness.update(alice.id, CandidateUpdate(sequence: 1, candidates: [.host("127.0.0.1:7"), .host("[::1]:7")]))
        for text in ["169.254.1.1:7", "[64:ff9b::7f00:1]:7", "0.0.0.0:7"] {
            #expect(throws: RegistryError.self) {
                try harness.update(alice.id, CandidateUpdate(sequence: 2, candidates: [.host(text)]))
            }
        }
    }

    @Test func aSixtyFifthCandidateIsRefused() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let list = try (1...65).map { try PublishedCandidate.host("192.0.2.1:\($0)") }
        #expect(throws: RegistryError.tooManyCandidates(65, limit: 64)) {
            try harness.update(alice.id, CandidateUpdate(sequence: 1, candidates: list))
        }
        try harness.update(alice.id, CandidateUpdate(sequence: 1, candidates: Array(list.dropLast())))
    }

    @Test func anUpdateThatChangesNothingVisibleTellsNobody() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let bob = try harness.member("bob").node.node
        try harness.update(alice.id, CandidateUpdate(sequence: 1, candidates: [.host("192.0.2.1:7")]))
        let paths = [PathReport(peer: bob.id, state: .relayed, reason: "no answer")]
        try harness.update(alice.id, CandidateUpdate(sequence: 2, candidates: [.host("192.0.2.1:7")], paths: paths))
        #expect(harness.events.isEmpty)
        #expect(throws: RegistryError.sequenceStale(given: 2, stored: 2)) {
            try harness.update(alice.id, CandidateUpdate(sequence: 2, candidates: []))
        }
    }

    @Test func pairsShowWhatBothSidesReport() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let bob = try harness.member("bob").node.node
        let carol = try harness.member("carol").node.node
        let hard = NATReport(mapping: .addressAndPortDependent)
        try harness.update(
            alice.id,
            CandidateUpdate(
                sequence: 1, candidates: [], nat: hard,
                paths: [
                    PathReport(peer: bob.id, state: .relayed, probesSent: 400), PathReport(peer: carol.id, state: .direct),
                    PathReport(peer: alice.id, state: .direct), PathReport(peer: NodeID(rawValue: 99), state: .direct),
                ]))
        try harness.update(
            bob.id,
            CandidateUpdate(
                sequence: 1, candidates: [], nat: hard, paths: [PathReport(peer: alice.id, state: .relayed, probesSent: 12)]))
        let list = harness.registry.pairs(in: nil, limit: 10)
        #expect(list.pairs.map { [$0.first.name, $0.second.name] } == [["alice", "bob"], ["alice", "carol"]])
        #expect(list.pairs.map(\.state) == [.relayed, .direct])
        #expect(list.pairs.map(\.why) == ["both NATs map by destination; 412 probes, no answer", nil])
        #expect(harness.registry.pairs(in: nil, limit: 1).truncated)
    }
}

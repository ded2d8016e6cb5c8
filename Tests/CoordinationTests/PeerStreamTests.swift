internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct PeerStreamTests {
    @Test func aNodeSeesTheOthersOfItsNetworkOnly() throws {
        var harness = RegistryHarness()
        _ = try harness.registry.createNetwork(NewNetwork(name: "lab"), from: nil, at: harness.now, effects: &harness.effects)
        let alice = try harness.member("alice").node.node
        let bob = try harness.member("bob").node.node
        let eve = try harness.member("eve", network: "lab").node.node
        #expect(try harness.registry.peers(of: alice.id).peers == [bob])
        #expect(try harness.registry.peers(of: eve.id).peers == [])
        try harness.update(eve.id, CandidateUpdate(sequence: 1, candidates: [.host("192.0.2.1:7")]))
        #expect(harness.events.map(\.network) == [NetworkID(rawValue: 2)])
    }

    @Test func aStreamGoesOnWhereItEnded() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let start = try harness.registry.peers(of: alice.id).eventID
        let bob = try harness.member("bob").node.node
        let carol = try harness.member("carol").node.node
        try harness.update(bob.id, CandidateUpdate(sequence: 1, candidates: [.host("192.0.2.1:7")]))
        try harness.registry.removeNode(carol.id, from: nil, at: harness.now, effects: &harness.effects)
        let events = try #require(try harness.registry.events(for: alice.id, since: start))
        #expect(events.map(\.name) == [.changed, .removed])
        #expect(events.map(\.id.sequence) == [start.sequence + 3, start.sequence + 4])
        guard case .changed(let told) = events[0].change else { return }
        #expect(told.candidates.count == 1)
        #expect(try harness.registry.events(for: alice.id, since: events[1].id) == [])
    }

    @Test func aReaderThatMissedTooMuchOrComesFromAnotherRunGetsASnapshot() throws {
        var configuration = Registry.Configuration()
        configuration.limits.replayableEvents = 4
        var harness = RegistryHarness(configuration: configuration)
        let alice = try harness.member("alice").node.node
        let start = try harness.registry.peers(of: alice.id).eventID
        for sequence in 1...20 as ClosedRange<Int64> {
            try harness.update(alice.id, CandidateUpdate(sequence: sequence, candidates: [.host("192.0.2.1:\(sequence)")]))
        }
        #expect(try harness.registry.events(for: alice.id, since: start) == nil)
        let latest = try harness.registry.peers(of: alice.id).eventID
        #expect(try harness.registry.events(for: alice.id, since: latest) == [])
        #expect(
            try harness.registry.events(for: alice.id, since: EventID(epoch: latest.epoch + 1, sequence: latest.sequence)) == nil)
        #expect(
            try harness.registry.events(for: alice.id, since: EventID(epoch: latest.epoch, sequence: latest.sequence + 1)) == nil)
    }

    /// Whoever follows the events, with cuts and resumptions, knows what a snapshot would say.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func eventsAndSnapshotsAgree(seed: UInt64) throws {
        var configuration = Registry.Configuration()
        configuration.limits.replayableEvents = 8
        var harness = RegistryHarness(seed: seed, configuration: configuration)
        var choices = SeededGenerator(seed)
        let watcher = try harness.member("watcher").node.node
        let first = try harness.registry.peers(of: watcher.id)
        var known: [NodeID: Peer] = [watcher.id: first.me]
        var last = first.eventID
        var isConnected = true

        for step in 1...120 as ClosedRange<Int64> {
            harness.effects = []
            let others = harness.registry.nodeList(in: nil, at: harness.now).nodes.map(\.node.id).filter { $0 != watcher.id }
            switch (Int.random(in: 0..<5, using: &choices), others.randomElement(using: &choices)) {
            case (0, _), (_, nil): _ = try harness.member("peer")
            case (1, let id?): try harness.registry.removeNode(id, from: nil, at: harness.now, effects: &harness.effects)
            case (2, let id?):
                let change =
                    Bool.random(using: &choices) ? NodeChange(expires: harness.now.time) : NodeChange(neverExpires: true)
                _ = try harness.registry.changeNode(id, change, from: nil, at: harness.now, effects: &harness.effects)
            case (3, let id?):
                _ = try harness.registry.changeNode(
                    id, NodeChange(name: "name-\(step)"), from: nil, at: harness.now, effects: &harness.effects)
            case (_, let id?): try harness.update(id, CandidateUpdate(sequence: step, candidates: [.host("192.0.2.1:\(step)")]))
            }
            if isConnected {
                for event in harness.events { apply(event, to: &known, last: &last) }
            }
            if Int.random(in: 0..<6, using: &choices) == 0 {
                isConnected.toggle()
                guard isConnected else { continue }
                if let missed = try harness.registry.events(for: watcher.id, since: last) {
                    for event in missed { apply(event, to: &known, last: &last) }
                } else {
                    let list = try harness.registry.peers(of: watcher.id)
                    known = Dictionary(uniqueKeysWithValues: (list.peers + [list.me]).map { ($0.id, $0) })
                    last = list.eventID
                }
            }
            guard isConnected else { continue }
            let list = try harness.registry.peers(of: watcher.id)
            #expect(known.values.sorted { $0.id < $1.id } == (list.peers + [list.me]).sorted { $0.id < $1.id })
            #expect(last == list.eventID)
        }
    }

    private func apply(_ event: PeerEvent, to known: inout [NodeID: Peer], last: inout EventID) {
        #expect(event.id.sequence > last.sequence)
        last = event.id
        switch event.change {
        case .added(let peer), .changed(let peer): known[peer.id] = peer
        case .removed(let peer): known[peer.id] = nil
        }
    }
}

internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct PresenceTests {
    @Test func anEphemeralNodeThatIsGoneFor30MinutesIsRemoved() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey(NewJoinKey(ephemeral: true)).secret
        let key = NodePrivateKey(using: &harness.random)
        let node = try harness.register(key, with: secret).node
        harness.registry.connectionOpened(of: node.id, at: harness.now, effects: &harness.effects)
        #expect(harness.registry.onlineNodeCount == 1)
        harness.advance(by: .seconds(7200))
        harness.passDeadlines()
        #expect(harness.registry.nodeCount == 1)
        harness.registry.connectionClosed(of: node.id, at: harness.now, effects: &harness.effects)
        #expect(harness.registry.nextDeadline == harness.now.time + .seconds(1800))
        harness.advance(by: .seconds(1799))
        harness.passDeadlines()
        #expect(harness.registry.nodeCount == 1)
        harness.advance(by: .seconds(1))
        harness.passDeadlines()
        #expect(harness.registry.nodeCount == 0)
        #expect(harness.persisted.first == .removeNode(node.id))
        #expect(harness.events.map(\.change) == [.removed(RemovedPeer(id: node.id, nodeKey: key.publicKey))])
    }

    @Test func aNodeOnTheRelayIsOnlineAndKeepsItsPlace() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey(NewJoinKey(ephemeral: true)).secret
        let key = NodePrivateKey(using: &harness.random)
        let node = try harness.register(key, with: secret).node
        let stranger = NodePrivateKey(using: &harness.random).publicKey
        for _ in 0..<3 {
            harness.advance(by: .seconds(1200))
            harness.registry.noteRelayed([stranger, key.publicKey], at: harness.now, effects: &harness.effects)
            harness.passDeadlines()
        }
        #expect(harness.registry.onlineNodeCount == 1)
        #expect(try harness.registry.nodeDescription(node.id, at: harness.now).online)
        #expect(harness.registry.onlineNodes(limit: 9, at: harness.now).map(\.node.id) == [node.id])
        harness.registry.noteRelayed([], at: harness.now, effects: &harness.effects)
        #expect(harness.registry.onlineNodeCount == 0)
        harness.advance(by: .seconds(1800))
        harness.passDeadlines()
        #expect(harness.registry.nodeCount == 0)
    }

    @Test func aRestartAfterALongOutageRemovesNoEphemeralNodeAtOnce() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey(NewJoinKey(ephemeral: true)).secret
        _ = try harness.register(NodePrivateKey(using: &harness.random), with: secret)
        var snapshot = RegistrySnapshot()
        snapshot.networks = [NetworkRecord(id: NetworkRecord.defaultID, name: "default", created: harness.now.time)]
        snapshot.nodes = harness.persisted.compactMap {
            if case .putNode(let node) = $0 { RegistrySnapshot.Node(record: node, publication: Publication()) } else { nil }
        }
        snapshot.nodes[0].record.lastSeen = harness.now.time + .seconds(-86_400)
        snapshot.nodes[0].record.joinKey = nil
        var restarted = RegistryHarness(seed: 2, snapshot: snapshot)
        restarted.passDeadlines()
        #expect(restarted.registry.nodeCount == 1)
        restarted.advance(by: .seconds(1800))
        restarted.passDeadlines()
        #expect(restarted.registry.nodeCount == 0)
    }

    @Test func anExpiryCutsTheNodeOffWhenItComes() throws {
        var configuration = Registry.Configuration()
        configuration.nodeLifetime = .seconds(3600)
        var harness = RegistryHarness(configuration: configuration)
        let alice = try harness.member("alice")
        let bob = try harness.member("bob")
        harness.advance(by: .seconds(3600))
        #expect(harness.registry.admission(of: alice.key.publicKey, at: harness.now) == nil)
        #expect(throws: RegistryError.nodeExpired) { try harness.authenticate(alice.node.token) }
        harness.passDeadlines()
        #expect(harness.effects.contains(.cutRelay(alice.key.publicKey)))
        #expect(harness.effects.contains(.closeStreams(alice.node.node.id)))
        #expect(Set(harness.events.map(\.name)) == [.removed])
        #expect(harness.events.count == 2)
        #expect(harness.registry.nextDeadline == nil)
        #expect(harness.registry.nodeCount == 2)

        #expect(throws: RegistryError.nodeExpired) { try harness.register(bob.key, with: nil) }
        let secret = try harness.joinKey().secret
        let back = try harness.register(bob.key, with: secret)
        #expect(back.node.id == bob.node.node.id)
        #expect(harness.events.map(\.name) == [.added])
        #expect(harness.registry.admission(of: bob.key.publicKey, at: harness.now) != nil)
    }

    @Test func anAdministratorsExpiryInThePastCutsAtOnceAndALaterOneBringsBack() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        harness.effects = []
        let id = alice.node.node.id
        let changed = try harness.registry.changeNode(
            id, NodeChange(expires: harness.now.time), from: nil, at: harness.now, effects: &harness.effects)
        #expect(changed.expired)
        #expect(harness.effects.contains(.cutRelay(alice.key.publicKey)))
        #expect(harness.events.map(\.name) == [.removed])
        harness.effects = []
        _ = try harness.registry.changeNode(
            id, NodeChange(neverExpires: true), from: nil, at: harness.now, effects: &harness.effects)
        #expect(harness.events.map(\.name) == [.added])
        #expect(try harness.authenticate(alice.node.token) == id)
    }

    @Test func removingCutsRelayStreamsAndToken() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let id = alice.node.node.id
        harness.effects = []
        try harness.registry.removeNode(id, from: nil, at: harness.now, effects: &harness.effects)
        #expect(harness.effects.contains(.cutRelay(alice.key.publicKey)))
        #expect(harness.effects.contains(.closeStreams(id)))
        #expect(harness.events.map(\.change) == [.removed(RemovedPeer(id: id, nodeKey: alice.key.publicKey))])
        #expect(throws: RegistryError.unauthorized) { try harness.authenticate(alice.node.token) }
        #expect(throws: RegistryError.joinKeyRequired) { try harness.register(alice.key, with: nil) }
        #expect(throws: RegistryError.nodeUnknown) {
            try harness.registry.removeNode(id, from: nil, at: harness.now, effects: &harness.effects)
        }
        let next = try harness.member("alice")
        #expect(next.node.node.id > id)
    }

    @Test func leavingFreesTheName() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        try harness.registry.leave(alice.node.node.id, from: nil, at: harness.now, effects: &harness.effects)
        #expect(try harness.member("alice").node.node.name == "alice")
    }

    @Test func renamingIsExactAndTold() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let bob = try harness.member("bob").node.node
        #expect(throws: RegistryError.nameTaken("alice")) {
            try harness.registry.changeNode(
                bob.id, NodeChange(name: "alice"), from: nil, at: harness.now, effects: &harness.effects)
        }
        harness.effects = []
        _ = try harness.registry.changeNode(
            alice.id, NodeChange(name: "Anna"), from: nil, at: harness.now, effects: &harness.effects)
        var renamed = alice
        renamed.name = "anna"
        #expect(harness.events.map(\.change) == [.changed(renamed)])
        #expect(harness.registry.node(named: "alice", in: NetworkRecord.defaultID) == nil)
        #expect(harness.registry.node(named: "anna", in: NetworkRecord.defaultID) == alice.id)
    }

    @Test func lastSeenGoesToTheStoreEveryFiveMinutesAtMost() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node
        var writes = 0
        for _ in 0..<60 {
            harness.advance(by: .seconds(20))
            _ = try harness.authenticate(alice.token)
            writes += harness.effects.count
        }
        #expect(writes == 4)
        #expect(try harness.registry.peers(of: alice.node.id).me.lastSeen == harness.now.time)
    }
}

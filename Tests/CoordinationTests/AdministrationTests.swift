internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct AdministrationTests {
    @Test func aFreshRegistryHasTheNetworkDefault() {
        let harness = RegistryHarness()
        #expect(harness.registry.networkList().networks.map(\.name) == ["default"])
        #expect(harness.registry.networkList().networks.map(\.id) == [NetworkID(rawValue: 1)])
        #expect(
            harness.effects == [
                .persist([
                    .putNetwork(NetworkRecord(id: NetworkID(rawValue: 1), name: "default", created: harness.now.time))
                ])
            ])
    }

    @Test func networksComeAndGoButNotWithNodesInside() throws {
        var harness = RegistryHarness()
        let lab = try harness.registry.createNetwork(
            NewNetwork(name: "Lab"), from: nil, at: harness.now, effects: &harness.effects)
        #expect(lab.name == "lab")
        #expect(throws: RegistryError.nameTaken("lab")) {
            try harness.registry.createNetwork(NewNetwork(name: "lab"), from: nil, at: harness.now, effects: &harness.effects)
        }
        let eve = try harness.member("eve", network: "lab")
        #expect(throws: RegistryError.networkNotEmpty) {
            try harness.registry.removeNetwork(lab.id, from: nil, at: harness.now, effects: &harness.effects)
        }
        try harness.registry.leave(eve.node.node.id, from: nil, at: harness.now, effects: &harness.effects)
        try harness.registry.removeNetwork(lab.id, from: nil, at: harness.now, effects: &harness.effects)
        #expect(harness.registry.joinKeyList(at: harness.now).joinKeys.isEmpty)
        #expect(throws: RegistryError.networkIsDefault) {
            try harness.registry.removeNetwork(
                NetworkRecord.defaultID, from: nil, at: harness.now, effects: &harness.effects)
        }
        let next = try harness.registry.createNetwork(
            NewNetwork(name: "lab"), from: nil, at: harness.now, effects: &harness.effects)
        #expect(next.id > lab.id)
    }

    @Test func joinKeysAreCheckedWhenTheyAreMade() throws {
        var harness = RegistryHarness()
        for request in [NewJoinKey(uses: 0), NewJoinKey(uses: 3, reusable: true), NewJoinKey(uses: 1_000_001)] {
            #expect(throws: RegistryError.joinKeyUsesInvalid) { try harness.joinKey(request) }
        }
        for seconds in [0, -1, Int64.max] {
            #expect(throws: RegistryError.joinKeyLifetimeInvalid) { try harness.joinKey(NewJoinKey(lifetimeSeconds: seconds)) }
        }
        #expect(throws: RegistryError.networkUnknown) { try harness.joinKey(NewJoinKey(network: "nowhere")) }
        #expect(throws: RegistryError.textTooLong) { try harness.joinKey(NewJoinKey(note: String(repeating: "x", count: 201))) }
        let plain = try harness.joinKey(NewJoinKey())
        #expect(plain.joinKey.uses == 1)
        #expect(plain.joinKey.expires == harness.now.time + .seconds(86_400))
        #expect(!plain.joinKey.ephemeral)
    }

    @Test func deadJoinKeysGiveWayAndLiveOnesDoNot() throws {
        var configuration = Registry.Configuration()
        configuration.limits.joinKeys = 2
        var harness = RegistryHarness(configuration: configuration)
        let first = try harness.joinKey()
        _ = try harness.joinKey()
        #expect(throws: RegistryError.tooManyJoinKeys(limit: 2)) { try harness.joinKey() }
        let alice = try harness.register(NodePrivateKey(using: &harness.random), with: first.secret)
        _ = try harness.registry.revokeJoinKey(first.joinKey.id, from: nil, at: harness.now, effects: &harness.effects)
        let third = try harness.joinKey()
        #expect(harness.persisted.first == .removeJoinKey(first.joinKey.id))
        #expect(third.joinKey.id.rawValue == 3)
        #expect(try harness.registry.nodeDescription(alice.node.id, at: harness.now).joinKey == nil)
    }

    @Test func theAuditLogTellsWhoDidWhatAndHoldsNoSecret() throws {
        var harness = RegistryHarness()
        let created = try harness.joinKey(NewJoinKey())
        let key = NodePrivateKey(using: &harness.random)
        let alice = try harness.register(key, with: created.secret, name: "alice")
        try harness.registry.removeNode(alice.node.id, from: RegistryHarness.office, at: harness.now, effects: &harness.effects)
        let log = harness.registry.auditLog(limit: 10).entries
        #expect(log.map(\.action) == [.nodeRemoved, .nodeRegistered, .joinKeyCreated])
        #expect(log.map(\.actor) == ["admin", "node:1", "admin"])
        #expect(log.map(\.subject) == ["node:1", "node:1", "join-key:1"])
        #expect(log.map(\.source) == ["198.51.100.7", "198.51.100.7", nil])
        for entry in log {
            #expect(!entry.detail.contains(created.secret.secretText))
            #expect(!entry.detail.contains(alice.token.secretText))
        }
        #expect(harness.registry.auditLog(before: log[0].id, limit: 1).entries == [log[1]])
        #expect(harness.registry.auditLog(before: 0, limit: 5).entries.isEmpty)
    }

    @Test func theAuditLogIsBounded() throws {
        var configuration = Registry.Configuration()
        configuration.limits.auditEntries = 20
        var harness = RegistryHarness(configuration: configuration)
        var trims: [Int64] = []
        for _ in 0..<50 {
            _ = try harness.joinKey()
            trims += harness.persisted.compactMap {
                if case .trimAudit(let through, administrative: true) = $0 { through } else { nil }
            }
        }
        let entries = harness.registry.auditLog(limit: 100).entries
        #expect(entries.count <= 20)
        #expect(entries.first?.id == 50)
        #expect(trims.last.map { $0 + 1 } == entries.last?.id)
    }

    @Test func aNodeCannotWashAnOperatorsDeedsOutOfTheLog() throws {
        var configuration = Registry.Configuration()
        configuration.limits.auditEntries = 20
        var harness = RegistryHarness(configuration: configuration)
        let mallory = try harness.member("mallory")
        for _ in 0..<100 { _ = try harness.register(mallory.key, with: nil) }
        let entries = harness.registry.auditLog(limit: 100).entries
        #expect(entries.count <= 40)
        #expect(entries.last?.action == .joinKeyCreated)
        #expect(entries.map(\.id) == entries.map(\.id).sorted(by: >))
        #expect(harness.registry.auditLog(before: entries[3].id, limit: 2).entries == Array(entries[4...5]))
    }

    @Test func aFailedWriteIsUndoneByGoingBackToWhatIsStored() throws {
        var harness = RegistryHarness()
        var snapshot = RegistrySnapshot()
        let alice = try harness.member("alice")
        for change in harness.persisted {
            if case .putNode(let node) = change {
                snapshot.nodes.append(RegistrySnapshot.Node(record: node, publication: Publication()))
            }
        }
        snapshot.networks = [NetworkRecord(id: NetworkRecord.defaultID, name: "default", created: harness.now.time)]
        let bob = try harness.member("bob")
        let before = try harness.registry.peers(of: alice.node.node.id).eventID
        harness.effects = []
        harness.registry.reload(snapshot, at: harness.now, using: &harness.random, effects: &harness.effects)
        #expect(harness.effects == [.cutRelay(bob.key.publicKey), .closeAllStreams])
        #expect(throws: RegistryError.unauthorized) { try harness.authenticate(bob.node.token) }
        #expect(try harness.authenticate(alice.node.token) == alice.node.node.id)
        #expect(try harness.registry.events(for: alice.node.node.id, since: before) == nil)
        #expect(try harness.member("carol").node.node.id > bob.node.node.id)
    }
}

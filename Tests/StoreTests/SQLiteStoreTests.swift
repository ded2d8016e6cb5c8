internal import Coordination
internal import CryptoBox
internal import Foundation
internal import Store
internal import Testing
internal import Wire

@Suite struct SQLiteStoreTests {
    @Test func everythingSurvivesARestart() async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(1)
        let time = Timestamp(milliseconds: 1_795_524_772_123)
        let lab = NetworkRecord(id: NetworkID(rawValue: 4_000_000_000), name: "lab", created: time)
        let key = JoinKeyRecord(
            id: JoinKeyID(rawValue: 7), network: lab.id, hash: SecretHash(hashing: [1]), created: time, expires: .latest,
            revoked: time, used: 2, uses: 5, isEphemeral: true, note: "für Ärzte\n'; DROP TABLE node; --")
        let reusable = JoinKeyRecord(
            id: JoinKeyID(rawValue: 8), network: lab.id, hash: SecretHash(hashing: [2]), created: time, expires: time, uses: nil,
            isEphemeral: false, note: nil)
        var node = try NodeRecord.random(3, using: &random)
        node.network = lab.id
        node.joinKey = key.id
        node.isEphemeral = true
        node.expires = time
        let plain = try NodeRecord.random(9, using: &random)
        let candidates = [
            PublishedCandidate(type: .host, endpoint: Endpoint(IPAddress(192, 0, 2, 1), 65535), priority: .max),
            PublishedCandidate(
                type: .serverReflexive, endpoint: try #require(Endpoint("[2001:db8::1]:1")), priority: 0),
            PublishedCandidate(type: .portMapped, endpoint: Endpoint(IPAddress(10, 0, 0, 1), 2), priority: 1),
            PublishedCandidate(type: .relayed, endpoint: Endpoint(IPAddress(10, 0, 0, 1), 3), priority: 2),
        ]
        let publication = Publication(
            sequence: RegistryLimits.maximumSequence, candidates: candidates, homeRelay: 900,
            nat: NATReport(mapping: .addressDependent, portStep: -2, isUDPBlocked: false))
        let entry = AuditEntry(
            id: 11, time: time, actor: "admin", action: .nodeRenamed, subject: "node:3", detail: "a → b", source: nil)

        let store = try SQLiteStore(path: scratch.database)
        let durability = store.append(
            [
                .putNetwork(.initial), .putNetwork(lab), .putJoinKey(key), .putJoinKey(reusable), .putNode(node), .putNode(plain),
                .putPublication(node.id, publication), .appendAudit(entry),
            ], urgency: .now)
        try await durability.wait()
        try await store.close()

        let reopened = try SQLiteStore(path: scratch.database)
        var expected = RegistrySnapshot()
        expected.networks = [.initial, lab]
        expected.joinKeys = [key, reusable]
        expected.nodes = [
            RegistrySnapshot.Node(record: node, publication: publication),
            RegistrySnapshot.Node(record: plain, publication: Publication()),
        ]
        expected.audit = [entry]
        expected.lastNetworkID = 4_000_000_000
        expected.lastJoinKeyID = 8
        expected.lastNodeID = 9
        expected.lastAuditID = 11
        #expect(try await reopened.load() == expected)
        try await reopened.close()
    }

    @Test func changesAreAppliedInOrderAndGoneNumbersStayGone() async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(2)
        let store = try SQLiteStore(path: scratch.database)
        let key = JoinKeyRecord(
            id: JoinKeyID(rawValue: 1), network: NetworkRecord.defaultID, hash: SecretHash(hashing: [1]),
            created: .earliest, expires: .latest, uses: 9, isEphemeral: false, note: nil)
        var used = key
        used.used = 9
        var node = try NodeRecord.random(1, using: &random)
        node.joinKey = key.id
        var renamed = node
        renamed.name = "renamed"
        renamed.nodeKey = try #require(NodeKey(random.bytes(32)))
        var second = try NodeRecord.random(2, using: &random)
        second.name = node.name
        let gone = try NodeRecord.random(3, using: &random)
        store.append([.putNetwork(.initial), .putJoinKey(key), .putNode(node)], urgency: .now)
        store.append([.putJoinKey(used), .putNode(renamed), .putNode(second), .putNode(gone)], urgency: .soon)
        store.append([.putLastSeen(node.id, .latest), .putPublication(gone.id, Publication(sequence: 4))], urgency: .soon)
        store.append([.removeNode(gone.id), .removeJoinKey(key.id)], urgency: .soon)
        // Late news of a node that has gone is without effect.
        store.append([.putPublication(gone.id, Publication(sequence: 5)), .putLastSeen(gone.id, .latest)], urgency: .soon)
        try await store.append([], urgency: .now).wait()

        let snapshot = try await store.load()
        renamed.joinKey = nil
        renamed.lastSeen = .latest
        #expect(snapshot.nodes.map(\.record) == [renamed, second])
        #expect(snapshot.joinKeys == [])
        #expect(snapshot.lastNodeID == 3)
        #expect(snapshot.lastJoinKeyID == 1)
        try await store.close()
    }

    @Test func aNodeWithAForgottenJoinKeyIsStoredWithoutIt() async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(3)
        let store = try SQLiteStore(path: scratch.database)
        var node = try NodeRecord.random(1, using: &random)
        node.joinKey = JoinKeyID(rawValue: 77)
        try await store.append([.putNetwork(.initial), .putNode(node)], urgency: .now).wait()
        #expect(try await store.load().nodes.map(\.record.joinKey) == [nil])
        try await store.close()
    }

    @Test func trimmingTheAuditLogSparesTheOtherKind() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        let entries = (1...6).map { id in
            AuditEntry(
                id: id, time: .earliest, actor: id % 2 == 0 ? "admin" : "node:\(id)", action: .nodeLeft, subject: "", detail: "")
        }
        store.append(entries.map(StoreChange.appendAudit), urgency: .soon)
        store.append(
            [.trimAudit(through: 4, administrative: true), .trimAudit(through: 1, administrative: false)], urgency: .soon)
        try await store.append([], urgency: .now).wait()
        #expect(try await store.load().audit.map(\.id) == [3, 5, 6])
        try await store.close()
    }

    @Test func aChangeThatNobodyWaitsForIsOnDiskWithinASecond() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        let clock = ContinuousClock()
        let start = clock.now
        try await store.append([.putNetwork(.initial)], urgency: .soon).wait()
        #expect(clock.now - start >= .milliseconds(900))
        #expect(try await store.load().networks == [.initial])
        try await store.close()
    }

    @Test func aDelayedChangeGoesAlongWithAnUrgentOne() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        let delayed = store.append([.putNetwork(.initial)], urgency: .soon)
        let urgent = store.append([], urgency: .now)
        #expect(delayed === urgent)
        try await urgent.wait()
        #expect(try await store.load().networks == [.initial])
        try await store.close()
    }

    @Test func closingWritesWhatIsPending() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        store.append([.putNetwork(.initial)], urgency: .soon)
        try await store.close()
        try await store.close()
        await #expect(throws: StoreError.closed) { try await store.append([], urgency: .now).wait() }
        let reopened = try SQLiteStore(path: scratch.database)
        #expect(try await reopened.load().networks == [.initial])
        try await reopened.close()
    }

    @Test func aFailedWriteLosesAllOfItAndRefusesMoreUntilResumed() async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(4)
        let store = try SQLiteStore(path: scratch.database)
        try await store.append([.putNetwork(.initial)], urgency: .now).wait()
        let node = try NodeRecord.random(1, using: &random)
        var orphan = try NodeRecord.random(2, using: &random)
        orphan.network = NetworkID(rawValue: 5)
        let failed = store.append([.putNode(node), .putNode(orphan)], urgency: .now)
        await #expect(throws: StoreError.self) { try await failed.wait() }
        await #expect(throws: StoreError.self) { try await store.append([.putNode(node)], urgency: .now).wait() }
        #expect(try await store.load().nodes == [])
        store.resume()
        try await store.append([.putNode(node)], urgency: .now).wait()
        #expect(try await store.load().nodes.map(\.record) == [node])
        try await store.close()
    }

    @Test func whatWasAcknowledgedIsInTheFilesAtThatMoment() async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(5)
        let store = try SQLiteStore(path: scratch.database)
        try await store.append([.putNetwork(.initial)], urgency: .now).wait()
        for id in 1...40 as ClosedRange<Int64> {
            try await store.append([.putNode(.random(id, using: &random))], urgency: .now).wait()
        }
        // What a killed process leaves behind: the files as they are, nothing closed.
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: scratch.database + suffix, toPath: scratch.path("copy.sqlite") + suffix)
        }
        let revived = try SQLiteStore(path: scratch.path("copy.sqlite"))
        #expect(try await revived.load() == store.load())
        #expect(try await revived.load().nodes.count == 40)
        try await revived.close()
        try await store.close()
    }

    @Test func aThousandWaitingChangesShareFewWrites() async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(6)
        let store = try SQLiteStore(path: scratch.database)
        store.append([.putNetwork(.initial)], urgency: .now)
        var writes: [ObjectIdentifier: Durability] = [:]
        for id in 1...1000 as ClosedRange<Int64> {
            let durability = store.append([.putNode(try .random(id, using: &random))], urgency: .now)
            writes[ObjectIdentifier(durability)] = durability
        }
        for durability in writes.values { try await durability.wait() }
        #expect(try await store.load().nodes.count == 1000)
        #expect(writes.count < 500)
        try await store.close()
    }
}

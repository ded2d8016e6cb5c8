internal import Coordination
internal import CryptoBox
internal import Store
internal import Testing
internal import Wire

@Suite struct RegistrationRaceTests {
    @Test func ofFiftyParallelRegistrationsWithOneSingleUseKeyOneWinsAndIsStored() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        let front = Front(store: store, snapshot: try await store.load())
        let secret = try await front.singleUseKey()
        let outcomes = await withTaskGroup(of: Result<NodeID, any Error>.self) { group in
            for seed in 0..<50 as Range<UInt64> {
                group.addTask {
                    do {
                        return .success(try await front.register(seed: seed, with: secret))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let winners = outcomes.compactMap { try? $0.get() }
        let refusals = outcomes.compactMap { outcome in
            if case .failure(let error) = outcome { error as? RegistryError } else { nil }
        }
        #expect(winners.count == 1)
        #expect(refusals == Array(repeating: .joinKeyUsed, count: 49))
        try await store.close()

        let reopened = try SQLiteStore(path: scratch.database)
        let stored = try await reopened.load()
        #expect(stored.nodes.map(\.record.id) == winners)
        #expect(stored.joinKeys.map(\.used) == [1])
        try await reopened.close()
    }
}

/// What a server's front does: one isolation for the registry, and no answer before the disk has it.
private actor Front {
    private let store: SQLiteStore
    private let serverKey: NodePrivateKey
    private var random = SeededGenerator(99)
    private var registry: Registry
    private let now = Moment(instant: .zero, time: Timestamp(milliseconds: 1_795_524_772_000))

    init(store: SQLiteStore, snapshot: RegistrySnapshot) {
        var random = SeededGenerator(98)
        var effects: [RegistryEffect] = []
        self.store = store
        serverKey = NodePrivateKey(using: &random)
        registry = Registry(
            configuration: .init(), serverKey: serverKey.publicKey, snapshot: snapshot, at: now, using: &random,
            effects: &effects)
        Self.perform(effects, on: store)
    }

    func singleUseKey() async throws -> JoinKeySecret {
        var effects: [RegistryEffect] = []
        let created = try registry.createJoinKey(NewJoinKey(), from: nil, at: now, using: &random, effects: &effects)
        try await Self.perform(effects, on: store)?.wait()
        return created.secret
    }

    func register(seed: UInt64, with secret: JoinKeySecret) async throws -> NodeID {
        var nodeRandom = SeededGenerator(seed)
        let key = NodePrivateKey(using: &nodeRandom)
        let disco = DiscoPrivateKey(using: &nodeRandom).publicKey
        let wire = Proof.Request(method: "POST", path: "/v1/nodes", body: [])
        let challenge = try registry.issueChallenge(at: now, using: &random).challenge
        await Task.yield()
        let text = try Proof.seal(challenge, for: wire, from: key, to: serverKey.publicKey, using: &nodeRandom)
        let proof = try Proof.open(text, for: wire, from: key.publicKey, to: serverKey)
        var effects: [RegistryEffect] = []
        let answer = try registry.register(
            RegistrationRequest(joinKey: secret, nodeKey: key.publicKey, discoKey: disco), proof: proof, from: nil, at: now,
            using: &random, effects: &effects)
        try await Self.perform(effects, on: store)?.wait()
        return answer.node.id
    }

    @discardableResult
    private static func perform(_ effects: [RegistryEffect], on store: SQLiteStore) -> Durability? {
        var durability: Durability?
        for effect in effects {
            if case .persist(let changes) = effect { durability = store.append(changes, urgency: .now) }
        }
        return durability
    }
}

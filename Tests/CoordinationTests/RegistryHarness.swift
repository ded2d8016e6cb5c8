internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

/// A registry with a clock and a random source of its own, and the steps that tests take all the time.
struct RegistryHarness: ~Copyable {
    let serverKey: NodePrivateKey
    var random: SeededGenerator
    var registry: Registry
    var now: Moment
    /// The effects of the last call.
    var effects: [RegistryEffect] = []

    static let office = IPAddress(198, 51, 100, 7)

    init(seed: UInt64 = 1, configuration: Registry.Configuration = .init(), snapshot: RegistrySnapshot = .init()) {
        random = SeededGenerator(seed)
        serverKey = NodePrivateKey(using: &random)
        now = Moment(instant: Instant(nanoseconds: 1_000_000_000), time: Timestamp(milliseconds: 1_795_524_772_000))
        registry = Registry(
            configuration: configuration, serverKey: serverKey.publicKey, snapshot: snapshot, at: now, using: &random,
            effects: &effects)
    }

    mutating func advance(by duration: Duration) {
        now.instant += duration
        now.time = now.time + duration
    }

    mutating func joinKey(_ request: NewJoinKey = NewJoinKey(reusable: true)) throws -> CreatedJoinKey {
        effects = []
        return try registry.createJoinKey(request, from: nil, at: now, using: &random, effects: &effects)
    }

    /// A proof by `key` for a request like all others here.
    mutating func proof(by key: NodePrivateKey, challenge: Challenge? = nil) throws -> Proof.Verified {
        let fresh = try registry.issueChallenge(at: now, using: &random).challenge
        let request = Proof.Request(method: "POST", path: "/v1/nodes", body: [1, 2, 3])
        let text = try Proof.seal(challenge ?? fresh, for: request, from: key, to: serverKey.publicKey, using: &random)
        return try Proof.open(text, for: request, from: key.publicKey, to: serverKey)
    }

    mutating func discoKey() -> DiscoKey { DiscoPrivateKey(using: &random).publicKey }

    mutating func register(
        _ key: NodePrivateKey, with secret: JoinKeySecret?, disco: DiscoKey? = nil, name: String? = nil, exactName: Bool? = nil
    ) throws -> RegistrationResponse {
        effects = []
        let disco = disco ?? discoKey()
        let proof = try proof(by: key)
        return try registry.register(
            RegistrationRequest(joinKey: secret, nodeKey: key.publicKey, discoKey: disco, name: name, exactName: exactName),
            proof: proof, from: Self.office, at: now, using: &random, effects: &effects)
    }

    /// A member of `network`, with its private key.
    mutating func member(_ name: String, network: String? = nil) throws -> (key: NodePrivateKey, node: RegistrationResponse) {
        let key = NodePrivateKey(using: &random)
        let secret = try joinKey(NewJoinKey(network: network)).secret
        return (key, try register(key, with: secret, name: name))
    }

    mutating func authenticate(_ token: BearerToken) throws -> NodeID {
        effects = []
        return try registry.authenticate(token, from: Self.office, at: now, effects: &effects)
    }

    mutating func update(_ id: NodeID, _ update: CandidateUpdate) throws {
        effects = []
        try registry.update(id, with: update, effects: &effects)
    }

    mutating func passDeadlines() {
        effects = []
        registry.deadlineReached(at: now, effects: &effects)
    }

    /// What the last call wants on disk before it is answered.
    var persisted: [StoreChange] {
        effects.flatMap { effect in
            if case .persist(let changes) = effect { changes } else { [] as [StoreChange] }
        }
    }

    var events: [PeerEvent] {
        effects.compactMap { effect in
            if case .notify(let event) = effect { event } else { nil }
        }
    }
}

extension PublishedCandidate {
    /// A host candidate at `text`.
    static func host(_ text: String, priority: UInt32 = 1) throws -> PublishedCandidate {
        PublishedCandidate(type: .host, endpoint: try #require(Endpoint(text)), priority: priority)
    }
}

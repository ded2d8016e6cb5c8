internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

/// Random sequences of requests against a registry, checked after each step against a model that is too simple to be wrong,
/// and against a registry that starts from what the effects would have stored.
@Suite struct RegistryModelTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func theRegistryAgreesWithItsModelAndItsStore(seed: UInt64) throws {
        var run = ModelRun(seed: seed)
        for _ in 0..<120 { try run.step() }
        try run.checkRestart()
    }
}

/// One node of the model.
private struct ModelNode {
    var key: NodePrivateKey
    var disco: DiscoKey
    var token: BearerToken
    var name: String
    var expires: Timestamp?
    var sequence: Int64 = 0
}

private struct ModelKey {
    var secret: JoinKeySecret
    var usesLeft: Int?
    var expires: Timestamp
    var isRevoked = false
}

private struct ModelRun: ~Copyable {
    var harness: RegistryHarness
    var choices: SeededGenerator
    var nodes: [NodeID: ModelNode] = [:]
    var joinKeys: [JoinKeyID: ModelKey] = [:]
    var formerKeys: [NodeKey] = []
    var formerTokens: [BearerToken] = []
    var stored = StoredModel()

    init(seed: UInt64) {
        var configuration = Registry.Configuration()
        configuration.limits.auditEntries = 20
        configuration.limits.nodeRate = 1e9
        configuration.limits.nodeBurst = 1e9
        configuration.limits.sourceRate = 1e9
        configuration.limits.sourceBurst = 1e9
        harness = RegistryHarness(seed: seed, configuration: configuration)
        choices = SeededGenerator(seed &+ 1000)
        stored.apply(harness.effects)
    }

    mutating func step() throws {
        harness.effects = []
        let some = nodes.keys.sorted().randomElement(using: &choices)
        switch Int.random(in: 0..<12, using: &choices) {
        case 0: try makeJoinKey()
        case 1: try revokeJoinKey()
        case 2...4: try registerNode()
        case 5: if let some { try registerAgain(some) }
        case 6: if let some { try rotate(some) }
        case 7: if let some { try changeExpiry(some) }
        case 8: if let some { try remove(some) }
        case 9, 10: if let some { try publish(some) }
        default:
            harness.advance(by: .seconds(Int64.random(in: 0...4000, using: &choices)))
            harness.passDeadlines()
        }
        stored.apply(harness.effects)
        try check()
    }

    // MARK: - Steps

    private mutating func makeJoinKey() throws {
        let uses: Int? = [nil, 1, 2].randomElement(using: &choices) ?? nil
        let seconds = Int64.random(in: 1...7200, using: &choices)
        let created = try harness.joinKey(NewJoinKey(uses: uses, reusable: uses == nil, lifetimeSeconds: seconds))
        joinKeys[created.joinKey.id] = ModelKey(
            secret: created.secret, usesLeft: uses, expires: harness.now.time + .seconds(seconds))
    }

    private mutating func revokeJoinKey() throws {
        guard let id = joinKeys.keys.sorted().randomElement(using: &choices) else { return }
        _ = try harness.registry.revokeJoinKey(id, from: nil, at: harness.now, effects: &harness.effects)
        joinKeys[id]?.isRevoked = true
    }

    private func isUsable(_ key: ModelKey) -> Bool {
        !key.isRevoked && key.usesLeft != 0 && key.expires > harness.now.time
    }

    private mutating func use(_ id: JoinKeyID) {
        if let left = joinKeys[id]?.usesLeft { joinKeys[id]?.usesLeft = left - 1 }
    }

    private mutating func registerNode() throws {
        guard let id = joinKeys.keys.sorted().randomElement(using: &choices), let joinKey = joinKeys[id] else { return }
        let key = NodePrivateKey(using: &harness.random)
        let disco = harness.discoKey()
        do {
            let answer = try harness.register(key, with: joinKey.secret, disco: disco, name: "peer")
            #expect(isUsable(joinKey))
            #expect(!nodes.values.contains { $0.name == answer.node.name })
            nodes[answer.node.id] = ModelNode(key: key, disco: disco, token: answer.token, name: answer.node.name)
            use(id)
        } catch is RegistryError {
            #expect(!isUsable(joinKey))
        }
    }

    private mutating func registerAgain(_ id: NodeID) throws {
        guard var node = nodes[id] else { return }
        let isExpired = node.expires.map { $0 <= harness.now.time } ?? false
        let keyID = Bool.random(using: &choices) ? joinKeys.keys.sorted().randomElement(using: &choices) : nil
        let joinKey = keyID.flatMap { joinKeys[$0] }
        let mayCome = !isExpired || (joinKey.map { isUsable($0) } ?? false)
        do {
            let answer = try harness.register(node.key, with: joinKey?.secret, disco: node.disco, name: "other")
            #expect(mayCome)
            #expect(answer.node.id == id)
            formerTokens.append(node.token)
            node.token = answer.token
            node.sequence = 0
            if isExpired {
                node.expires = nil
                if let keyID { use(keyID) }
            }
            nodes[id] = node
        } catch is RegistryError {
            #expect(!mayCome)
        }
    }

    private mutating func rotate(_ id: NodeID) throws {
        guard var node = nodes[id] else { return }
        let key = NodePrivateKey(using: &harness.random)
        let challenge = try harness.registry.issueChallenge(at: harness.now, using: &harness.random).challenge
        _ = try harness.registry.rotateKeys(
            of: id, KeyRotationRequest(nodeKey: key.publicKey), proof: harness.proof(by: node.key, challenge: challenge),
            newKeyProof: harness.proof(by: key, challenge: challenge), from: nil, at: harness.now, effects: &harness.effects)
        formerKeys.append(node.key.publicKey)
        node.key = key
        nodes[id] = node
    }

    private mutating func changeExpiry(_ id: NodeID) throws {
        let expires: Timestamp? =
            Bool.random(using: &choices) ? nil : harness.now.time + .seconds(Int64.random(in: -10...3000, using: &choices))
        _ = try harness.registry.changeNode(
            id, NodeChange(expires: expires, neverExpires: expires == nil), from: nil, at: harness.now, effects: &harness.effects)
        nodes[id]?.expires = expires
    }

    private mutating func remove(_ id: NodeID) throws {
        try harness.registry.removeNode(id, from: nil, at: harness.now, effects: &harness.effects)
        guard let node = nodes.removeValue(forKey: id) else { return }
        formerKeys.append(node.key.publicKey)
        formerTokens.append(node.token)
    }

    private mutating func publish(_ id: NodeID) throws {
        let sequence = Int64.random(in: 1...20, using: &choices)
        let isRising = sequence > nodes[id]?.sequence ?? 0
        do {
            try harness.update(id, CandidateUpdate(sequence: sequence, candidates: [.host("192.0.2.1:\(sequence)")]))
            #expect(isRising)
            nodes[id]?.sequence = sequence
        } catch RegistryError.sequenceStale {
            #expect(!isRising)
        }
    }

    // MARK: - Checks

    private mutating func check() throws {
        #expect(harness.registry.nodeCount == nodes.count)
        for (id, node) in nodes {
            let isExpired = node.expires.map { $0 <= harness.now.time } ?? false
            let network = harness.registry.admission(of: node.key.publicKey, at: harness.now)
            #expect((network == nil) == isExpired)
            #expect(harness.registry.node(named: node.name, in: NetworkRecord.defaultID) == id)
            if isExpired {
                #expect(throws: RegistryError.nodeExpired) { try harness.authenticate(node.token) }
            } else {
                #expect(try harness.authenticate(node.token) == id)
            }
            stored.apply(harness.effects)
        }
        for key in formerKeys { #expect(harness.registry.admission(of: key, at: harness.now) == nil) }
        for token in formerTokens { #expect(throws: RegistryError.unauthorized) { try harness.authenticate(token) } }
    }

    /// A registry that starts from what was stored knows the same nodes, keys and log.
    mutating func checkRestart() throws {
        harness.passDeadlines()
        stored.apply(harness.effects)
        var random = SeededGenerator(1)
        var effects: [RegistryEffect] = []
        let restarted = Registry(
            configuration: Registry.Configuration(), serverKey: harness.serverKey.publicKey, snapshot: stored.snapshot,
            at: harness.now, using: &random, effects: &effects)
        #expect(effects.isEmpty)
        let now = harness.now
        #expect(restarted.joinKeyList(at: now) == harness.registry.joinKeyList(at: now))
        #expect(restarted.networkList() == harness.registry.networkList())
        #expect(restarted.auditLog(limit: 1000) == harness.registry.auditLog(limit: 1000))
        let (left, right) = (restarted.nodeList(in: nil, at: now).nodes, harness.registry.nodeList(in: nil, at: now).nodes)
        #expect(left.map { Self.withoutLag($0) } == right.map { Self.withoutLag($0) })
        for node in nodes.values {
            #expect(
                restarted.admission(of: node.key.publicKey, at: now)
                    == harness.registry.admission(of: node.key.publicKey, at: now))
        }
    }

    /// "Last seen" may lag on disk.
    private static func withoutLag(_ node: NodeDescription) -> NodeDescription {
        var node = node
        node.node.lastSeen = .earliest
        return node
    }
}

/// What a store would hold after the effects it was given.
private struct StoredModel {
    var snapshot = RegistrySnapshot()

    mutating func apply(_ effects: [RegistryEffect]) {
        for effect in effects {
            switch effect {
            case .persist(let changes), .persistLater(let changes): for change in changes { apply(change) }
            case .notify, .cutRelay, .closeStreams, .closeAllStreams: break
            }
        }
    }

    private mutating func apply(_ change: StoreChange) {
        switch change {
        case .putNetwork(let network):
            snapshot.networks.removeAll { $0.id == network.id }
            snapshot.networks.append(network)
            snapshot.lastNetworkID = max(snapshot.lastNetworkID, network.id.rawValue)
        case .removeNetwork(let id): snapshot.networks.removeAll { $0.id == id }
        case .putJoinKey(let key):
            snapshot.joinKeys.removeAll { $0.id == key.id }
            snapshot.joinKeys.append(key)
            snapshot.lastJoinKeyID = max(snapshot.lastJoinKeyID, key.id.rawValue)
        case .removeJoinKey(let id): snapshot.joinKeys.removeAll { $0.id == id }
        case .putNode(let record):
            let publication = snapshot.nodes.first { $0.record.id == record.id }?.publication ?? Publication()
            snapshot.nodes.removeAll { $0.record.id == record.id }
            snapshot.nodes.append(RegistrySnapshot.Node(record: record, publication: publication))
            snapshot.lastNodeID = max(snapshot.lastNodeID, record.id.rawValue)
        case .removeNode(let id): snapshot.nodes.removeAll { $0.record.id == id }
        case .putPublication(let id, let publication):
            for index in snapshot.nodes.indices where snapshot.nodes[index].record.id == id {
                snapshot.nodes[index].publication = publication
            }
        case .putLastSeen(let id, let time):
            for index in snapshot.nodes.indices where snapshot.nodes[index].record.id == id {
                snapshot.nodes[index].record.lastSeen = time
            }
        case .appendAudit(let entry):
            snapshot.audit.append(entry)
            snapshot.lastAuditID = entry.id
        case .trimAudit(let last, let isAdministrative):
            snapshot.audit.removeAll { $0.id <= last && ($0.actor == "admin") == isAdministrative }
        }
    }
}

internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct RegistrationTests {
    @Test func aJoinKeyAdmitsANodeToItsNetwork() throws {
        var harness = RegistryHarness()
        _ = try harness.registry.createNetwork(NewNetwork(name: "lab"), from: nil, at: harness.now, effects: &harness.effects)
        let alice = try harness.member("alice", network: "lab")
        #expect(alice.node.network == NetworkReference(id: NetworkID(rawValue: 2), name: "lab"))
        #expect(alice.node.node.name == "alice")
        #expect(harness.registry.admission(of: alice.key.publicKey, at: harness.now) == NetworkID(rawValue: 2))
        #expect(try harness.authenticate(alice.node.token) == alice.node.node.id)
    }

    @Test func keyAndNodeArePersistedInOneChangeBeforeTheAnswer() throws {
        var harness = RegistryHarness()
        let created = try harness.joinKey(NewJoinKey())
        let key = NodePrivateKey(using: &harness.random)
        let answer = try harness.register(key, with: created.secret, name: "alice")
        let persists = harness.effects.filter { if case .persist = $0 { true } else { false } }
        #expect(persists.count == 1)
        let keyRecord = harness.persisted.compactMap { if case .putJoinKey(let key) = $0 { key } else { nil } }
        let nodeRecord = harness.persisted.compactMap { if case .putNode(let node) = $0 { node } else { nil } }
        #expect(keyRecord.map(\.used) == [1])
        #expect(nodeRecord.map(\.tokenHash) == [answer.token.hash])
        #expect(harness.events.map(\.change) == [.added(answer.node)])
    }

    @Test func ofFiftyRegistrationsWithASingleUseKeyOneWins() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey(NewJoinKey()).secret
        var winners = 0
        for _ in 0..<50 {
            let key = NodePrivateKey(using: &harness.random)
            do {
                _ = try harness.register(key, with: secret)
                winners += 1
            } catch let error as RegistryError {
                #expect(error == .joinKeyUsed)
                #expect(harness.effects.isEmpty)
            }
        }
        #expect(winners == 1)
        #expect(harness.registry.nodeCount == 1)
    }

    @Test func aJoinKeyWithThreeUsesAdmitsThree() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey(NewJoinKey(uses: 3)).secret
        for _ in 0..<3 { _ = try harness.register(NodePrivateKey(using: &harness.random), with: secret) }
        let late = NodePrivateKey(using: &harness.random)
        #expect(throws: RegistryError.joinKeyUsed) { try harness.register(late, with: secret) }
    }

    @Test func anUnknownExpiredOrRevokedJoinKeyAdmitsNobody() throws {
        var harness = RegistryHarness()
        let key = NodePrivateKey(using: &harness.random)
        let unknown = JoinKeySecret(using: &harness.random)
        #expect(throws: RegistryError.joinKeyUnknown) { try harness.register(key, with: unknown) }
        #expect(throws: RegistryError.joinKeyRequired) { try harness.register(key, with: nil) }
        let revoked = try harness.joinKey()
        _ = try harness.registry.revokeJoinKey(revoked.joinKey.id, from: nil, at: harness.now, effects: &harness.effects)
        #expect(throws: RegistryError.joinKeyRevoked) { try harness.register(key, with: revoked.secret) }
        let short = try harness.joinKey(NewJoinKey(lifetimeSeconds: 60))
        harness.advance(by: .seconds(60))
        #expect(throws: RegistryError.joinKeyExpired) { try harness.register(key, with: short.secret) }
        #expect(harness.registry.nodeCount == 0)
    }

    @Test func aProofIsTakenOnce() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        let key = NodePrivateKey(using: &harness.random)
        let proof = try harness.proof(by: key)
        let request = RegistrationRequest(joinKey: secret, nodeKey: key.publicKey, discoKey: harness.discoKey())
        _ = try harness.registry.register(
            request, proof: proof, from: nil, at: harness.now, using: &harness.random, effects: &harness.effects)
        #expect(throws: RegistryError.challengeRefused) {
            try harness.registry.register(
                request, proof: proof, from: nil, at: harness.now, using: &harness.random, effects: &harness.effects)
        }
    }

    @Test func aProofOfAMinuteAgoIsRefused() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        let key = NodePrivateKey(using: &harness.random)
        let proof = try harness.proof(by: key)
        harness.advance(by: .seconds(60))
        #expect(throws: RegistryError.challengeRefused) {
            try harness.registry.register(
                RegistrationRequest(joinKey: secret, nodeKey: key.publicKey, discoKey: harness.discoKey()), proof: proof,
                from: nil, at: harness.now, using: &harness.random, effects: &harness.effects)
        }
    }

    @Test func aProofWithAChallengeOfOnesOwnMakingIsRefused() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        let key = NodePrivateKey(using: &harness.random)
        let forged = try harness.proof(by: key, challenge: Challenge(harness.random.bytes(32)))
        #expect(throws: RegistryError.challengeRefused) {
            try harness.registry.register(
                RegistrationRequest(joinKey: secret, nodeKey: key.publicKey, discoKey: harness.discoKey()), proof: forged,
                from: nil, at: harness.now, using: &harness.random, effects: &harness.effects)
        }
    }

    @Test func aProofOfAnotherKeyIsRefused() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        let victim = NodePrivateKey(using: &harness.random)
        let proof = try harness.proof(by: NodePrivateKey(using: &harness.random))
        #expect(throws: RegistryError.proofRefused) {
            try harness.registry.register(
                RegistrationRequest(joinKey: secret, nodeKey: victim.publicKey, discoKey: harness.discoKey()), proof: proof,
                from: nil, at: harness.now, using: &harness.random, effects: &harness.effects)
        }
    }

    @Test func registeringAgainNeedsNoJoinKeyAndVoidsTheOldToken() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let again = try harness.register(alice.key, with: nil, disco: alice.node.node.discoKey)
        #expect(again.node.id == alice.node.node.id)
        #expect(again.node.name == "alice")
        #expect(harness.effects.contains(.closeStreams(again.node.id)))
        #expect(harness.events.isEmpty)
        #expect(throws: RegistryError.unauthorized) { try harness.authenticate(alice.node.token) }
        #expect(try harness.authenticate(again.token) == again.node.id)
    }

    @Test func aRepeatedRegistrationUsesUpNoJoinKey() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey(NewJoinKey(uses: 2)).secret
        let key = NodePrivateKey(using: &harness.random)
        let disco = harness.discoKey()
        for _ in 0..<5 { _ = try harness.register(key, with: secret, disco: disco) }
        #expect(harness.registry.joinKeyList(at: harness.now).joinKeys.map(\.used) == [1])
    }

    @Test func aJoinKeyOfAnotherNetworkDoesNotMoveANode() throws {
        var harness = RegistryHarness()
        _ = try harness.registry.createNetwork(NewNetwork(name: "lab"), from: nil, at: harness.now, effects: &harness.effects)
        let alice = try harness.member("alice")
        let secret = try harness.joinKey(NewJoinKey(network: "lab")).secret
        #expect(throws: RegistryError.nodeInOtherNetwork) { try harness.register(alice.key, with: secret) }
        #expect(try harness.authenticate(alice.node.token) == alice.node.node.id)
    }

    @Test func aTakenNameGetsANumberOrIsRefused() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        var names: [String] = []
        for wish in ["bob", "BOB", "bob-2", nil, nil] {
            names.append(try harness.register(NodePrivateKey(using: &harness.random), with: secret, name: wish).node.name)
        }
        #expect(names == ["bob", "bob-2", "bob-2-2", "node", "node-2"])
        let key = NodePrivateKey(using: &harness.random)
        #expect(throws: RegistryError.nameTaken("bob")) {
            try harness.register(key, with: secret, name: "bob", exactName: true)
        }
    }

    @Test func aThousandNodesWithOneNameAllGetTheirOwn() throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        let long = String(repeating: "a", count: 63)
        var names: Set<String> = []
        for _ in 0..<300 {
            let name = try harness.register(NodePrivateKey(using: &harness.random), with: secret, name: long).node.name
            #expect(name.utf8.count <= 63)
            names.insert(name)
        }
        #expect(names.count == 300)
    }

    @Test(arguments: ["", "-a", "a-", "a b", "a.b", "a_b", "ä", "\u{212a}", String(repeating: "a", count: 64), "a\n"])
    func aNameThatIsNoLabelIsRefused(name: String) throws {
        var harness = RegistryHarness()
        let secret = try harness.joinKey().secret
        let key = NodePrivateKey(using: &harness.random)
        #expect(throws: RegistryError.nameInvalid) { try harness.register(key, with: secret, name: name) }
    }

    @Test func keysOfOthersAndOfTheServerAreRefused() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let secret = try harness.joinKey().secret
        let key = NodePrivateKey(using: &harness.random)
        #expect(throws: RegistryError.discoKeyTaken) {
            try harness.register(key, with: secret, disco: alice.node.node.discoKey)
        }
        let zero = try #require(DiscoKey([UInt8](repeating: 0, count: 32)))
        #expect(throws: RegistryError.keyInvalid) { try harness.register(key, with: secret, disco: zero) }
        #expect(throws: RegistryError.nodeKeyTaken) { try harness.register(harness.serverKey, with: secret) }
    }

    @Test func aNetworkTakesNoMoreNodesThanItMay() throws {
        var configuration = Registry.Configuration()
        configuration.limits.nodesPerNetwork = 2
        var harness = RegistryHarness(configuration: configuration)
        let secret = try harness.joinKey().secret
        for _ in 0..<2 { _ = try harness.register(NodePrivateKey(using: &harness.random), with: secret) }
        let late = NodePrivateKey(using: &harness.random)
        #expect(throws: RegistryError.networkFull(limit: 2)) { try harness.register(late, with: secret) }
        #expect(harness.registry.joinKeyList(at: harness.now).joinKeys.map(\.used) == [2])
    }
}

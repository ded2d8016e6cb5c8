internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct KeyRotationTests {
    /// A rotation of alice's node key with both proofs.
    private func rotate(
        _ harness: inout RegistryHarness, _ id: NodeID, from old: NodePrivateKey, to new: NodePrivateKey
    ) throws -> KeyRotationResponse {
        harness.effects = []
        let challenge = try harness.registry.issueChallenge(at: harness.now, using: &harness.random).challenge
        return try harness.registry.rotateKeys(
            of: id, KeyRotationRequest(nodeKey: new.publicKey), proof: harness.proof(by: old, challenge: challenge),
            newKeyProof: harness.proof(by: new, challenge: challenge), from: nil, at: harness.now, effects: &harness.effects)
    }

    @Test func theOldKeyIsGoneAtOnceAndPeersAreTold() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let new = NodePrivateKey(using: &harness.random)
        let answer = try rotate(&harness, alice.node.node.id, from: alice.key, to: new)
        #expect(answer.node.nodeKey == new.publicKey)
        #expect(answer.node.id == alice.node.node.id)
        #expect(harness.registry.admission(of: alice.key.publicKey, at: harness.now) == nil)
        #expect(harness.registry.admission(of: new.publicKey, at: harness.now) == NetworkRecord.defaultID)
        #expect(harness.effects.contains(.cutRelay(alice.key.publicKey)))
        #expect(harness.events.map(\.change) == [.changed(answer.node)])
        #expect(harness.persisted.contains { if case .putNode(let node) = $0 { node.nodeKey == new.publicKey } else { false } })
        #expect(try harness.authenticate(alice.node.token) == alice.node.node.id)
    }

    @Test func theNewKeyMustBeProvenWithTheSameChallenge() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let new = NodePrivateKey(using: &harness.random)
        let request = KeyRotationRequest(nodeKey: new.publicKey)
        for newKeyProof in [nil, try harness.proof(by: new), try harness.proof(by: alice.key)] {
            let proof = try harness.proof(by: alice.key)
            #expect(throws: RegistryError.proofRefused) {
                try harness.registry.rotateKeys(
                    of: alice.node.node.id, request, proof: proof, newKeyProof: newKeyProof, from: nil, at: harness.now,
                    effects: &harness.effects)
            }
        }
        #expect(harness.registry.admission(of: alice.key.publicKey, at: harness.now) != nil)
    }

    @Test func aTokenAloneRotatesNothing() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let thief = NodePrivateKey(using: &harness.random)
        #expect(throws: RegistryError.proofRefused) {
            try rotate(&harness, alice.node.node.id, from: thief, to: thief)
        }
    }

    @Test func aKeyOfAnotherNodeIsRefused() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let bob = try harness.member("bob")
        #expect(throws: RegistryError.nodeKeyTaken) { try rotate(&harness, alice.node.node.id, from: alice.key, to: bob.key) }
    }

    @Test func theDiscoKeyAloneMayBeRotated() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice")
        let disco = harness.discoKey()
        harness.effects = []
        let proof = try harness.proof(by: alice.key)
        let answer = try harness.registry.rotateKeys(
            of: alice.node.node.id, KeyRotationRequest(discoKey: disco), proof: proof, newKeyProof: nil, from: nil,
            at: harness.now, effects: &harness.effects)
        #expect(answer.node.discoKey == disco)
        #expect(!harness.effects.contains(.cutRelay(alice.key.publicKey)))
        #expect(harness.events.map(\.change) == [.changed(answer.node)])
    }
}

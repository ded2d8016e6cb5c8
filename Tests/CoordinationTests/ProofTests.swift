internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

@Suite struct ProofTests {
    private let node: NodePrivateKey
    private let server: NodePrivateKey
    private let challenge: Challenge
    private let request = Proof.Request(method: "POST", path: "/v1/nodes", body: Array("{}".utf8))
    private let text: String

    init() throws {
        var random = SeededGenerator(3)
        node = NodePrivateKey(using: &random)
        server = NodePrivateKey(using: &random)
        challenge = try #require(Challenge(random.bytes(32)))
        text = try Proof.seal(challenge, for: request, from: node, to: server.publicKey, using: &random)
    }

    @Test func theServerOpensWhatTheNodeSealed() throws {
        let proof = try Proof.open(text, for: request, from: node.publicKey, to: server)
        #expect(proof.challenge == challenge)
        #expect(proof.nodeKey == node.publicKey)
        #expect(text.utf8.count <= Proof.maximumTextByteCount)
    }

    @Test func aProofOfAnotherKeyOrForAnotherServerIsForeign() throws {
        var random = SeededGenerator(4)
        let other = NodePrivateKey(using: &random)
        #expect(throws: ProofError.foreign) { try Proof.open(text, for: request, from: other.publicKey, to: server) }
        #expect(throws: ProofError.foreign) { try Proof.open(text, for: request, from: node.publicKey, to: other) }
        let lowOrder = try #require(NodeKey([1] + [UInt8](repeating: 0, count: 31)))
        #expect(throws: ProofError.foreign) { try Proof.open(text, for: request, from: lowOrder, to: server) }
    }

    @Test(arguments: [
        Proof.Request(method: "PUT", path: "/v1/nodes", body: Array("{}".utf8)),
        Proof.Request(method: "POST", path: "/v1/nodes/self/keys", body: Array("{}".utf8)),
        Proof.Request(method: "POST", path: "/v1/nodes", body: Array("{ }".utf8)),
        Proof.Request(method: "POST", path: "/v1/nodes", body: []),
    ])
    func aProofForAnotherRequestIsRefused(other: Proof.Request) {
        #expect(throws: ProofError.otherRequest) { try Proof.open(text, for: other, from: node.publicKey, to: server) }
    }

    @Test func aProofThatWasChangedAnywhereIsRefused() throws {
        let bytes = try #require(Base64URL.decode(text))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            #expect(throws: ProofError.foreign) {
                try Proof.open(Base64URL.encode(changed), for: request, from: node.publicKey, to: server)
            }
        }
    }

    @Test func aTextOfAnotherLengthOrAlphabetIsMalformed() {
        for count in 0..<text.utf8.count {
            #expect(throws: ProofError.malformed) {
                try Proof.open(text.prefix(count), for: request, from: node.publicKey, to: server)
            }
        }
        for odd in [text + "A", text + "=", text.replacing(text.prefix(1), with: "+"), String(repeating: "A", count: 100_000)] {
            #expect(throws: ProofError.malformed) { try Proof.open(odd, for: request, from: node.publicKey, to: server) }
        }
    }
}

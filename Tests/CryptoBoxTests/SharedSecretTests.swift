import CryptoBox
import Testing
import VectorSupport
import Wire

struct SharedSecretTests {
    /// Boxes made by PyNaCl, by `Tests/Vectors/cryptobox/make.py`.
    struct Example: Decodable, Sendable {
        let alicePrivate: String
        let alicePublic: String
        let bobPrivate: String
        let bobPublic: String
        let plaintext: String
        let sealed: String
    }

    @Test(arguments: try Vector.load("cryptobox/boxes.json", as: [Example].self))
    func aBoxOfAnotherLibraryOpens(example: Example) throws {
        let bob = try privateKey(example.bobPrivate)
        let alice = try #require(NodeKey(untyped: example.alicePublic))
        #expect(bob.publicKey.untypedText == example.bobPublic)
        let sealed = try #require(Hexadecimal.decode(example.sealed))

        let plaintext = try bob.sharedSecret(with: alice).open(sealed.bytes)

        #expect(plaintext.map { Hexadecimal.encode($0) } == example.plaintext)
    }

    @Test(arguments: try Vector.load("cryptobox/boxes.json", as: [Example].self))
    func theSameNonceGivesTheSameBox(example: Example) throws {
        let alice = try privateKey(example.alicePrivate)
        let bob = try #require(NodeKey(untyped: example.bobPublic))
        let sealed = try #require(Hexadecimal.decode(example.sealed))
        let plaintext = try #require(Hexadecimal.decode(example.plaintext))
        var nonce = RecordedBytes(Array(sealed.prefix(24)))
        let resealed = try alice.sharedSecret(with: bob).seal(plaintext, using: &nonce)
        #expect(resealed == sealed)
    }

    private func privateKey(_ digits: String) throws -> NodePrivateKey {
        let bytes = try #require(Hexadecimal.decode(digits))
        return try #require(NodePrivateKey(bytes))
    }

    @Test(arguments: 0..<40)
    func aShortOrChangedBoxDoesNotOpen(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let alice = NodePrivateKey(using: &random)
        let bob = NodePrivateKey(using: &random)
        let secret = try alice.sharedSecret(with: bob.publicKey)
        var sealed = secret.seal(random.bytes(20), using: &random)
        for count in 0..<sealed.count {
            let cut = secret.open(sealed.bytes.extracting(first: count))
            #expect(cut == nil)
        }
        sealed[Int.random(in: 0..<sealed.count, using: &random)] ^= 0x80
        let changed = secret.open(sealed.bytes)
        #expect(changed == nil)
    }

    @Test(arguments: [0, 1, 2])
    func aLowOrderKeyIsRefused(point: Int) throws {
        // 0, 1 and the point of order 8 that libsodium's list begins with.
        let points: [[UInt8]] = [
            [UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31),
            try #require(Hexadecimal.decode("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
        ]
        var random = SeededGenerator(1)
        let peer = try #require(NodeKey(points[point]))
        let key = NodePrivateKey(using: &random)
        #expect(throws: KeyError.lowOrderPublicKey) { try key.sharedSecret(with: peer) }
        #expect(throws: KeyError.lowOrderPublicKey) { try key.diffieHellman(peer) }
    }
}

/// Hands out recorded bytes as if they were random.
private struct RecordedBytes: RandomNumberGenerator {
    private var rest: [UInt8]

    init(_ bytes: [UInt8]) {
        rest = bytes
    }

    mutating func next() -> UInt64 {
        let word = rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        rest.removeFirst(min(8, rest.count))
        return word
    }
}

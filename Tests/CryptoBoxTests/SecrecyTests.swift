import CryptoBox
import Testing
import Wire

struct SecrecyTests {
    @Test func aPrintOrADumpShowsNoSecret() throws {
        var random = SeededGenerator(7)
        let key = NodePrivateKey(using: &random)
        let secret = try key.sharedSecret(with: NodePrivateKey(using: &random).publicKey)
        var shown = "\(key) \(secret) \([key])"
        dump((key, secret), to: &shown)
        #expect(!shown.contains(Hexadecimal.encode(key.secretBytes)))
        #expect(!shown.contains("\(key.secretBytes)") && !shown.contains("\(key.secretBytes[0])\n"))
        #expect(shown.contains(key.publicKey.description))
    }
}

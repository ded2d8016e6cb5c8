import CryptoBox
import Testing
import Wire

struct DigestTests {
    @Test func sha256MatchesItsStandard() {
        // FIPS 180-4, the example "abc".
        #expect(
            Hexadecimal.encode(Digest.sha256(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func hmacMatchesItsStandard() {
        // RFC 4231 §4.3, test case 2.
        #expect(
            Hexadecimal.encode(Digest.hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func comparisonSeesLengthAndContent() {
        #expect(Digest.constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!Digest.constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!Digest.constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(Digest.constantTimeEqual([], []))
    }
}

struct AEADTests {
    @Test func sealingMatchesItsStandard() throws {
        // RFC 8439 §2.8.2.
        let key = (0x80...0x9f).map { UInt8($0) }
        let nonce: [UInt8] = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47]
        let associated = try #require(Hexadecimal.decode("50515253c0c1c2c3c4c5c6c7"))
        let plaintext = Array(
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
                .utf8
        )
        let sealed = AEAD.seal(plaintext, key: key, nonce: nonce, associatedData: associated)
        #expect(Hexadecimal.encode(sealed.suffix(16)) == "1ae10b594f09e26a7e902ecbd0600691")
        #expect(Hexadecimal.encode(sealed.prefix(16)) == "d31a8d34648e60db7b86afbc53ef7ec2")
        let opened = AEAD.open(sealed.bytes, key: key, nonce: nonce, associatedData: associated)
        #expect(opened == plaintext)
        let foreign = AEAD.open(sealed.bytes, key: key, nonce: nonce, associatedData: [])
        #expect(foreign == nil)
    }
}

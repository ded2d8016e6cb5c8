internal import CryptoBox
internal import Wire

/// A key and the count of its uses (Noise §5.1).
struct CipherState: Sendable {
    private let key: [UInt8]
    private var counter: UInt64 = 0

    init(key: [UInt8]) {
        self.key = key
    }

    mutating func encrypt(_ plaintext: [UInt8], associatedData: [UInt8]) -> [UInt8] {
        defer { counter += 1 }
        return AEAD.seal(plaintext, key: key, nonce: AEAD.nonce(counter), associatedData: associatedData)
    }

    mutating func decrypt(_ ciphertext: [UInt8], associatedData: [UInt8]) throws(HandshakeError) -> [UInt8] {
        guard
            let plaintext = AEAD.open(
                ciphertext.bytes, key: key, nonce: AEAD.nonce(counter), associatedData: associatedData)
        else { throw .authenticationFailed }
        counter += 1
        return plaintext
    }
}

internal import CryptoBox
internal import Wire

/// The running hash and key of a handshake (Noise §5.2).
struct SymmetricState: Sendable {
    private var chainingKey: [UInt8]
    private(set) var hash: [UInt8]
    private var cipher: CipherState?

    /// Exactly as long as a hash, so that it is taken as it is (Noise §5.2, `InitializeSymmetric`).
    private static let protocolName = Array("Noise_IK_25519_ChaChaPoly_SHA256".utf8)

    init(prologue: [UInt8]) {
        chainingKey = Self.protocolName
        hash = Self.protocolName
        mixHash(prologue)
    }

    mutating func mixHash(_ data: [UInt8]) {
        hash = Digest.sha256(hash + data)
    }

    mutating func mixKey(_ material: [UInt8]) {
        let (chainingKey, key) = derive(from: material)
        self.chainingKey = chainingKey
        cipher = CipherState(key: key)
    }

    /// Mixes in the shared secret of two keys.
    mutating func mixKey(_ own: NodePrivateKey, _ other: NodeKey) throws(HandshakeError) {
        do {
            mixKey(try own.diffieHellman(other))
        } catch {
            throw .lowOrderKey
        }
    }

    mutating func encryptAndHash(_ plaintext: [UInt8]) -> [UInt8] {
        let ciphertext = cipher?.encrypt(plaintext, associatedData: hash) ?? plaintext
        mixHash(ciphertext)
        return ciphertext
    }

    mutating func decryptAndHash(_ ciphertext: [UInt8]) throws(HandshakeError) -> [UInt8] {
        let plaintext = try cipher?.decrypt(ciphertext, associatedData: hash) ?? ciphertext
        mixHash(ciphertext)
        return plaintext
    }

    /// The two transport keys: from initiator to responder, and back.
    func split() -> (forward: [UInt8], backward: [UInt8]) {
        derive(from: [])
    }

    /// HKDF with two outputs (Noise §4.3).
    private func derive(from material: [UInt8]) -> ([UInt8], [UInt8]) {
        let temporary = Digest.hmacSHA256(material, key: chainingKey)
        let first = Digest.hmacSHA256([1], key: temporary)
        return (first, Digest.hmacSHA256(first + [2], key: temporary))
    }
}

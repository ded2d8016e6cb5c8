internal import CSodium
internal import Wire

/// ChaCha20-Poly1305 (RFC 8439), the cipher of the Noise transport.
package enum AEAD {
    /// Bytes that sealing adds.
    package static let tagByteCount = 16
    package static let keyByteCount = 32
    package static let nonceByteCount = 12

    /// Encrypts and authenticates `plaintext` and authenticates `associatedData`.
    package static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
    ) -> [UInt8] {
        check(key, nonce)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + tagByteCount)
        _ = unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
            &sealed, nil, plaintext, UInt64(plaintext.count), associatedData, UInt64(associatedData.count), nil, nonce, key)
        return sealed
    }

    /// Decrypts what `seal` made, or answers nil when anything of it was changed.
    package static func open(
        _ sealed: RawSpan, key: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
    ) -> [UInt8]? {
        check(key, nonce)
        guard sealed.byteCount >= tagByteCount else { return nil }
        var plaintext = [UInt8](repeating: 0, count: sealed.byteCount - tagByteCount)
        let result = unsafe sealed.withUnsafeBytes { raw in
            guard let bytes = unsafe raw.assumingMemoryBound(to: UInt8.self).baseAddress else { return Int32(-1) }
            return unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
                &plaintext, nil, nil, bytes, UInt64(raw.count), associatedData, UInt64(associatedData.count), nonce, key)
        }
        return result == 0 ? plaintext : nil
    }

    private static func check(_ key: [UInt8], _ nonce: [UInt8]) {
        precondition(key.count == keyByteCount && nonce.count == nonceByteCount, "a key has 32 bytes and a nonce 12")
    }
}

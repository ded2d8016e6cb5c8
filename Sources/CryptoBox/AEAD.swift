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
    ///
    /// `offset` is where the ciphertext begins in `sealed`, behind a header that is passed over.
    package static func open(
        _ sealed: RawSpan, at offset: Int = 0, key: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
    ) -> [UInt8]? {
        check(key, nonce)
        let count = sealed.byteCount - offset
        guard offset >= 0, count >= tagByteCount else { return nil }
        var plaintext = [UInt8](repeating: 0, count: count - tagByteCount)
        let result = unsafe sealed.withUnsafeBytes { raw in
            guard let bytes = unsafe raw.assumingMemoryBound(to: UInt8.self).baseAddress else { return Int32(-1) }
            return unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
                &plaintext, nil, nil, bytes + offset, UInt64(count), associatedData, UInt64(associatedData.count), nonce, key)
        }
        return result == 0 ? plaintext : nil
    }

    /// Appends ciphertext and tag to `packet`: nothing is copied but the plaintext, once.
    ///
    /// The nonce is that of Noise §12.3: four zero bytes, then `counter` in little-endian order.
    package static func seal(_ plaintext: RawSpan, appendingTo packet: inout [UInt8], key: [UInt8], counter: UInt64) {
        let nonce = nonce(counter)
        check(key, nonce)
        let start = packet.count
        packet.append(contentsOf: repeatElement(0, count: plaintext.byteCount + tagByteCount))
        unsafe plaintext.withUnsafeBytes { raw in
            unsafe packet.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                _ = unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
                    base + start, nil, raw.assumingMemoryBound(to: UInt8.self).baseAddress, UInt64(raw.count), nil, 0, nil,
                    nonce, key)
            }
        }
    }

    /// The nonce of Noise §12.3: four zero bytes, then `counter` in little-endian order.
    package static func nonce(_ counter: UInt64) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: nonceByteCount)
        for index in 0..<8 {
            nonce[4 + index] = UInt8(truncatingIfNeeded: counter >> (8 * UInt64(index)))
        }
        return nonce
    }

    private static func check(_ key: [UInt8], _ nonce: [UInt8]) {
        precondition(key.count == keyByteCount && nonce.count == nonceByteCount, "a key has 32 bytes and a nonce 12")
    }
}

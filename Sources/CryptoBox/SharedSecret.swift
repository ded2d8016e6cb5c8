internal import CSodium
internal import Wire

/// A precomputed NaCl `crypto_box` key between two key pairs: X25519, HSalsa20, then XSalsa20-Poly1305.
///
/// A sealed message is laid out as DERP and disco carry it:
/// ```
/// 0        24        40
/// +--------+---------+------------------+
/// | nonce  | tag 16  | ciphertext …     |
/// +--------+---------+------------------+
/// ```
package struct SharedSecret: Sendable {
    /// Bytes that sealing adds: a 24-byte nonce and a 16-byte tag.
    package static let overhead = nonceByteCount + tagByteCount

    private static let nonceByteCount = 24
    private static let tagByteCount = 16

    private let key: [UInt8]

    init(_ key: [UInt8]) {
        self.key = key
    }

    /// Seals `plaintext` under a fresh random nonce.
    package func seal(_ plaintext: [UInt8], using random: inout some RandomNumberGenerator) -> [UInt8] {
        let nonce = random.bytes(Self.nonceByteCount)
        var box = [UInt8](repeating: 0, count: Self.tagByteCount + plaintext.count)
        _ = unsafe crypto_box_easy_afternm(&box, plaintext, UInt64(plaintext.count), nonce, key)
        return nonce + box
    }

    /// Opens nonce and box, or answers nil when they are too short, forged, or sealed for another.
    package func open(_ sealed: RawSpan) -> [UInt8]? {
        guard sealed.byteCount >= Self.overhead else { return nil }
        var plaintext = [UInt8](repeating: 0, count: sealed.byteCount - Self.overhead)
        let result = unsafe sealed.withUnsafeBytes { raw in
            guard let nonce = unsafe raw.assumingMemoryBound(to: UInt8.self).baseAddress else { return Int32(-1) }
            let box = unsafe nonce + Self.nonceByteCount
            return unsafe crypto_box_open_easy_afternm(
                &plaintext, box, UInt64(raw.count - Self.nonceByteCount), nonce, key)
        }
        return result == 0 ? plaintext : nil
    }
}

extension SharedSecret: CustomStringConvertible, CustomReflectable {
    /// Hides the key, so that it cannot slip into a log.
    package var description: String { "shared secret …" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

internal import CryptoBox
internal import Wire

/// The SHA-256 of a secret: what is stored and searched for.
///
/// A look-up by hash leaks no more by its timing than bits of the hash, from which nobody finds a secret of 256 random bits.
package struct SecretHash: Hashable, Sendable {
    // Plain words, so that a hundred thousand of them are loaded and hashed in no time.
    private let words: SIMD4<UInt64>

    /// The hash of exactly 32 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(digest: bytes)
    }

    package init(hashing secret: [UInt8]) {
        self.init(digest: Digest.sha256(secret))
    }

    private init(digest: [UInt8]) {
        words = SIMD4(
            (0..<4).map { word in digest[word * 8..<word * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } })
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(reservingCapacity: 32)
        for index in words.indices { writer.write(words[index]) }
        return writer.bytes
    }
}

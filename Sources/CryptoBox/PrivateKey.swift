internal import CSodium
package import Wire

/// What can be wrong with key material.
package enum KeyError: Error, Equatable {
    /// The peer's public key has low order: a shared secret with it would be known to everyone.
    case lowOrderPublicKey
}

package typealias NodePrivateKey = PrivateKey<NodePurpose>
package typealias DiscoPrivateKey = PrivateKey<DiscoPurpose>

/// A Curve25519 private key, clamped at creation (RFC 7748 §5).
///
/// Its description hides it, so that it cannot slip into a log.
package struct PrivateKey<Purpose: KeyPurpose>: Sendable {
    /// The 32 secret bytes, for the file that keeps them.
    package let secretBytes: [UInt8]
    /// The public half.
    package let publicKey: PublicKey<Purpose>

    /// Draws a new key.
    package init(using random: inout some RandomNumberGenerator) {
        self.init(clamping: random.bytes(32))
    }

    /// The key of 32 bytes, clamped; nil for another length.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(clamping: bytes)
    }

    /// The text form `privkey:` and 64 hexadecimal digits, as key files hold it.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix), let bytes = Hexadecimal.decode(text.dropFirst(Self.prefix.count)) else { return nil }
        self.init(bytes)
    }

    /// The text form for a key file.
    package var secretText: String { Self.prefix + Hexadecimal.encode(secretBytes) }

    private static var prefix: String { "privkey:" }

    private init(clamping bytes: [UInt8]) {
        Sodium.prepare()
        var secret = bytes
        secret[0] &= 248
        secret[31] = (secret[31] & 127) | 64
        var point = [UInt8](repeating: 0, count: 32)
        _ = unsafe crypto_scalarmult_base(&point, secret)
        guard let publicKey = PublicKey<Purpose>(point) else { preconditionFailure("a point has 32 bytes") }
        secretBytes = secret
        self.publicKey = publicKey
    }

    /// The raw X25519 result with `peer`, as Noise wants it; a low-order `peer` is refused.
    package func diffieHellman(_ peer: PublicKey<Purpose>) throws(KeyError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        guard unsafe crypto_scalarmult(&result, secretBytes, peer.bytes) == 0 else { throw .lowOrderPublicKey }
        return result
    }

    /// The precomputed `crypto_box` key shared with `peer`; a low-order `peer` is refused.
    package func sharedSecret(with peer: PublicKey<Purpose>) throws(KeyError) -> SharedSecret {
        var key = [UInt8](repeating: 0, count: Int(crypto_box_BEFORENMBYTES))
        guard unsafe crypto_box_beforenm(&key, peer.bytes, secretBytes) == 0 else { throw .lowOrderPublicKey }
        return SharedSecret(key)
    }
}

extension PrivateKey: CustomStringConvertible, CustomReflectable {
    /// Hides the secret: what a print or a dump of anything around the key shows is its public half.
    package var description: String { "privkey:… of \(publicKey)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

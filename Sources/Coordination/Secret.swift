internal import CryptoBox
internal import Wire

/// What a secret is for: it decides the prefix of its text, so that one kind is never taken for another.
package protocol SecretPurpose: Sendable {
    /// What the text form begins with.
    static var prefix: String { get }
}

/// Join keys: whoever holds one may add a node to its network.
package enum JoinKeyPurpose: SecretPurpose {
    package static let prefix = "cwj_"
}

/// Bearer tokens: whoever holds one speaks for its node to the coordination server.
package enum TokenPurpose: SecretPurpose {
    package static let prefix = "cwt_"
}

package typealias JoinKeySecret = Secret<JoinKeyPurpose>
package typealias BearerToken = Secret<TokenPurpose>

/// 32 random bytes that are shown once; the server keeps their hash only.
///
/// Its description hides it, so that it cannot slip into a log; its text is a prefix and 43 characters that need no quoting.
package struct Secret<Purpose: SecretPurpose>: Equatable, Sendable {
    package static var byteCount: Int { 32 }

    /// The secret bytes.
    package let secretBytes: [UInt8]

    /// Draws a secret; the shell hands in the system's random source.
    package init(using random: inout some RandomNumberGenerator) {
        secretBytes = random.bytes(Self.byteCount)
    }

    /// The secret of exactly 32 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        secretBytes = bytes
    }

    /// Parses the text form; anything else is nil.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Purpose.prefix),
            let bytes = Base64URL.decode(text.dropFirst(Purpose.prefix.count))
        else { return nil }
        self.init(bytes)
    }

    /// The text form: for its owner's eyes only.
    package var secretText: String { Purpose.prefix + Base64URL.encode(secretBytes) }

    /// What the server keeps and looks up.
    package var hash: SecretHash { SecretHash(hashing: secretBytes) }

    /// Compares in a time that does not depend on the content.
    package static func == (left: Self, right: Self) -> Bool {
        Digest.constantTimeEqual(left.secretBytes, right.secretBytes)
    }
}

extension Secret: CustomStringConvertible, CustomReflectable {
    /// The prefix and an ellipsis: what a print or a dump of anything around it shows.
    package var description: String { Purpose.prefix + "…" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: TextCodable {
    package var codedText: String { secretText }
    package static var textFormRule: String { "expected \(Purpose.prefix) and 43 characters; was it copied whole?" }

    package init?(codedText: String) {
        self.init(codedText)
    }
}

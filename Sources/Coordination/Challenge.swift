internal import Wire

/// The 32 bytes that a proof of possession must contain: the server made them at most a minute ago, and takes them once.
package struct Challenge: Hashable, Sendable {
    package static let byteCount = 32

    package let bytes: [UInt8]

    /// The challenge of exactly 32 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}

extension Challenge: TextCodable {
    package var codedText: String { Base64URL.encode(bytes) }
    package static var textFormRule: String { "a challenge is 32 bytes in base64url without padding" }

    package init?(codedText: String) {
        guard let bytes = Base64URL.decode(codedText) else { return nil }
        self.init(bytes)
    }
}

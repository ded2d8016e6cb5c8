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

extension Challenge: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Base64URL.decode(try container.decode(String.self)),
            let challenge = Self(bytes)
        else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a challenge is 32 bytes in base64url without padding")
        }
        self = challenge
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Base64URL.encode(bytes))
    }
}

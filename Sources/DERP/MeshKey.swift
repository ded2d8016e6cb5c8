internal import CryptoBox
internal import Wire

/// The secret that relays of one region share: who shows it may watch connections and forward packets.
///
/// It has no description, so that it cannot slip into a log.
package struct MeshKey: Sendable {
    /// The key's length in bytes; its text has two hexadecimal digits for each.
    package static let byteCount = 32

    private let bytes: [UInt8]

    /// The key of 64 hexadecimal digits of either case; nil for any other text.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 2 * Self.byteCount, let bytes = Hexadecimal.decode(text) else { return nil }
        self.bytes = bytes
    }

    /// The 64 digits, for the JSON of a login and for the key file.
    package var secretText: String { Hexadecimal.encode(bytes) }

    /// Compares in a time that does not depend on where the keys differ.
    package func matches(_ other: MeshKey) -> Bool {
        Digest.constantTimeEqual(bytes, other.bytes)
    }
}

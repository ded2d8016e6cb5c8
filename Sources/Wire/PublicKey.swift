/// What a key pair is for: it decides the prefix of the key's text form, so that one kind is never taken for another.
package protocol KeyPurpose: Sendable {
    /// The prefix of a public key's text form, with its colon.
    static var publicPrefix: String { get }
}

/// Node keys: a node's relay address and its Noise identity. The relay server has one too.
package enum NodePurpose: KeyPurpose {
    package static let publicPrefix = "nodekey:"
}

/// Disco keys: they authenticate path probes.
package enum DiscoPurpose: KeyPurpose {
    package static let publicPrefix = "discokey:"
}

package typealias NodeKey = PublicKey<NodePurpose>
package typealias DiscoKey = PublicKey<DiscoPurpose>

/// A Curve25519 public key: 32 bytes, the u-coordinate as it stands on the wire (RFC 7748 §5).
///
/// Four 64-bit words instead of an array, so that a key is a plain value: no allocation, fast to compare and hash.
package struct PublicKey<Purpose: KeyPurpose>: Hashable, Sendable {
    /// The key's length in bytes.
    package static var byteCount: Int { 32 }

    // Memory order: the first byte on the wire is the most significant one of `word0`.
    @usableFromInline let word0: UInt64
    @usableFromInline let word1: UInt64
    @usableFromInline let word2: UInt64
    @usableFromInline let word3: UInt64

    /// Reads the next 32 bytes.
    package init(from reader: inout ByteReader) throws(EndOfBytes) {
        word0 = try reader.readUInt64()
        word1 = try reader.readUInt64()
        word2 = try reader.readUInt64()
        word3 = try reader.readUInt64()
    }

    /// The key at `offset`, or nil when its 32 bytes do not all lie within the span.
    @inlinable
    package init?(_ bytes: RawSpan, at offset: Int) {
        guard let word0 = bytes.uint64(at: offset), let word1 = bytes.uint64(at: offset &+ 8),
            let word2 = bytes.uint64(at: offset &+ 16), let word3 = bytes.uint64(at: offset &+ 24)
        else { return nil }
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// A key of exactly 32 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var reader = ByteReader(bytes.bytes)
        guard let key = try? Self(from: &reader) else { return nil }  // 32 bytes are there: it cannot fail.
        self = key
    }

    /// The key in its text form, `nodekey:` or `discokey:` and 64 hexadecimal digits of either case.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        self.init(untyped: text.dropFirst(Self.prefix.count))
    }

    /// The key as 64 hexadecimal digits without a prefix, as the header `Derp-Public-Key` carries it.
    package init?(untyped text: some StringProtocol) {
        guard text.utf8.count == 2 * Self.byteCount, let bytes = Hexadecimal.decode(text) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes, copied.
    package var bytes: [UInt8] {
        var writer = ByteWriter(reservingCapacity: Self.byteCount)
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the 32 bytes.
    package func write(to writer: inout ByteWriter) {
        writer.write(word0)
        writer.write(word1)
        writer.write(word2)
        writer.write(word3)
    }

    /// The 64 hexadecimal digits, without prefix.
    package var untypedText: String { Hexadecimal.encode(bytes) }

    /// Whether all bytes are zero, which no key pair has.
    package var isZero: Bool { word0 | word1 | word2 | word3 == 0 }

    @inlinable
    package static func == (left: Self, right: Self) -> Bool {
        (left.word0 ^ right.word0) | (left.word1 ^ right.word1) | (left.word2 ^ right.word2) | (left.word3 ^ right.word3) == 0
    }

    private static var prefix: String { Purpose.publicPrefix }
}

extension PublicKey: CustomStringConvertible {
    /// The text form with its prefix: what APIs and configuration files carry.
    package var description: String { Purpose.publicPrefix + untypedText }

    /// The first eight hexadecimal digits, for logs and tables.
    package var shortText: String { String(untypedText.prefix(8)) }
}

extension PublicKey: Comparable {
    /// Orders keys by their bytes, so that two peers agree who of them is the lower.
    package static func < (left: Self, right: Self) -> Bool {
        (left.word0, left.word1, left.word2, left.word3) < (right.word0, right.word1, right.word2, right.word3)
    }
}

extension PublicKey: TextCodable {
    package var codedText: String { description }
    package static var textFormRule: String { "a key is \(Purpose.publicPrefix) and 64 hexadecimal digits" }

    package init?(codedText: String) {
        self.init(codedText)
    }
}

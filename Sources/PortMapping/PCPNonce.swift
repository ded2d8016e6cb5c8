internal import Wire

/// The twelve random bytes that tie a mapping's answers, renewals and removal to who made it (RFC 6887 §11.1, §18.2).
package struct PCPNonce: Hashable, Sendable {
    static let byteCount = 12
    package let bytes: [UInt8]

    package init(using random: inout some RandomNumberGenerator) {
        bytes = random.bytes(Self.byteCount)
    }

    init(from reader: inout ByteReader) throws(EndOfBytes) {
        bytes = try reader.readBytes(Self.byteCount)
    }
}

package import Wire

/// The 96 random bits that tie a response to its request (RFC 8489 §5).
package struct TransactionID: Hashable, Sendable {
    package static let byteCount = 12

    let high: UInt32
    let low: UInt64

    /// Draws a new one. It must be hard to guess: it is what keeps off-path answers out.
    package init(using random: inout some RandomNumberGenerator) {
        high = random.next()
        low = random.next()
    }

    /// Reads the next 12 bytes.
    package init(from reader: inout ByteReader) throws(EndOfBytes) {
        high = try reader.readUInt32()
        low = try reader.readUInt64()
    }

    /// Appends the 12 bytes.
    package func write(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(low)
    }
}

internal import Wire

/// The twelve random bytes that tie a pong to its ping.
package struct TransactionID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt32

    /// Draws a new one.
    package init(using random: inout some RandomNumberGenerator) {
        high = random.next()
        low = random.next()
    }

    init(from reader: inout ByteReader) throws(EndOfBytes) {
        high = try reader.readUInt64()
        low = try reader.readUInt32()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(low)
    }
}

extension TransactionID: CustomStringConvertible {
    package var description: String {
        var writer = ByteWriter(reservingCapacity: 12)
        write(to: &writer)
        return Hexadecimal.encode(writer.bytes)
    }
}

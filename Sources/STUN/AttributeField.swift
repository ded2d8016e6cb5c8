internal import Wire

/// Where one attribute lies inside a message (RFC 8489 §14): type, length, value, zero to three bytes of padding.
struct AttributeField {
    let type: AttributeType
    /// The offset of the type, from the start of the message.
    let start: Int
    /// The offsets of the value, without its padding.
    let value: Range<Int>

    /// The bytes in front of each value.
    static let overhead = 4

    /// The length of a value together with its padding.
    static func padded(_ count: Int) -> Int { (count + 3) & ~3 }

    /// Reads the next attribute of a message that ends at offset `end`; nil at its end.
    init?(from reader: inout ByteReader, until end: Int) throws(MessageError) {
        guard reader.offset < end else { return nil }
        start = reader.offset
        do {
            type = AttributeType(rawValue: try reader.readUInt16())
            let count = Int(try reader.readUInt16())
            value = reader.offset..<reader.offset + count
            try reader.skip(Self.padded(count))
        } catch {
            throw .attributeBeyondEnd
        }
        guard reader.offset <= end else { throw .attributeBeyondEnd }
    }
}

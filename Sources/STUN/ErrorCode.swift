internal import Wire

/// ERROR-CODE: a number of 300 to 699 and a text for people (RFC 8489 §14.8).
package struct ErrorCode: Hashable, Sendable {
    package let number: Int
    package let reason: String

    package init(_ number: Int, reason: String = "") {
        self.number = number
        self.reason = reason
    }

    /// 400: PADDING together with RESPONSE-PORT, for instance.
    package static let badRequest = ErrorCode(400, reason: "Bad Request")
    /// 420: an attribute that must be understood is not.
    package static let unknownAttribute = ErrorCode(420, reason: "Unknown Attribute")

    /// The bytes in front of the reason.
    static let fixedByteCount = 4

    /// Reads the value of `field`; a reason that is no UTF-8 is repaired, trailing zeros and blanks are left out.
    init(_ field: AttributeField, of message: RawSpan) throws(MessageError) {
        var reader = ByteReader(message, at: field.value.lowerBound)
        guard field.value.count >= Self.fixedByteCount,
            let word = try? reader.readUInt32(),  // Short values are malformed, as below.
            let text = try? reader.readBytes(field.value.count - Self.fixedByteCount)
        else { throw .malformedAttribute(.errorCode) }
        number = Int(word >> 8 & 0b111) * 100 + Int(word & 0xff)
        let end = text.lastIndex { $0 != 0 && $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? 0
        reason = String(decoding: text[..<end], as: UTF8.self)
    }

    /// Appends the value, without padding.
    func write(to writer: inout ByteWriter) {
        writer.write(UInt32(truncatingIfNeeded: number / 100 & 0b111) << 8 | UInt32(truncatingIfNeeded: number % 100))
        writer.write(Array(reason.utf8))
    }
}

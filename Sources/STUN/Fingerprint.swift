internal import Wire

/// FINGERPRINT: the CRC-32 of a message up to that attribute, XORed with "STUN" (RFC 8489 §14.7).
enum Fingerprint {
    /// Bytes of the whole attribute.
    static let byteCount = 8

    /// Checks the value of a FINGERPRINT that must be the last attribute of the message.
    static func verify(_ field: AttributeField, of message: RawSpan, header: Header) throws(MessageError) {
        var reader = ByteReader(message, at: field.value.lowerBound)
        guard field.value.count == 4, field.value.upperBound == header.end,
            let expected = try? reader.readUInt32(),  // What is too short does not fit.
            expected == value(of: message, in: 0..<field.start)
        else { throw .wrongFingerprint }
    }

    /// The attribute's value for the bytes of `range`, whose header already counts the attribute.
    static func value(of bytes: RawSpan, in range: Range<Int>) -> UInt32 {
        var reader = ByteReader(bytes, at: range.lowerBound)
        var crc = UInt32.max
        for _ in range {
            guard let byte = try? reader.readUInt8() else { break }  // The caller's range lies inside.
            crc = table[Int((crc ^ UInt32(byte)) & 0xff)] ^ crc >> 8
        }
        return ~crc ^ 0x5354_554e
    }

    /// The reflected table of the polynomial 0x04c11db7 (ITU-T V.42).
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
    }
}

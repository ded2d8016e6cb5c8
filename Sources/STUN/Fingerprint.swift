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
    ///
    /// Attributes begin at multiples of 4, so that the CRC can take four bytes at a time.
    static func value(of bytes: RawSpan, in range: Range<Int>) -> UInt32 {
        precondition(range.count.isMultiple(of: 4), "an attribute begins at a multiple of 4")
        var reader = ByteReader(bytes, at: range.lowerBound)
        let tables = tables
        var crc = UInt32.max
        for _ in 0..<range.count / 4 {
            guard let word = try? reader.readUInt32() else { break }  // The caller's range lies inside.
            crc ^= word.byteSwapped
            let far = tables[768 + Int(crc & 0xff)] ^ tables[512 + Int(crc >> 8 & 0xff)]
            let near = tables[256 + Int(crc >> 16 & 0xff)] ^ tables[Int(crc >> 24)]
            crc = far ^ near
        }
        return ~crc ^ 0x5354_554e
    }

    /// The reflected table of the polynomial 0x04c11db7 (ITU-T V.42), and behind it those for one to three further bytes.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = (0..<256).map { (index: UInt32) -> UInt32 in
            (0..<8).reduce(index) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
        }
        for index in 256..<1024 {
            let crc = tables[index - 256]
            tables.append(crc >> 8 ^ tables[Int(crc & 0xff)])
        }
        return tables
    }()
}

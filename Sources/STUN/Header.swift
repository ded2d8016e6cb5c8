package import Wire

/// The 20 bytes that every message begins with (RFC 8489 §5).
///
/// ```
/// 0         2         4              8                    20
/// +---------+---------+--------------+---------------------+
/// | type    | length  | magic cookie | transaction ID      |
/// +---------+---------+--------------+---------------------+
/// ```
/// RFC 3489 has no cookie: there the transaction ID is the last 16 bytes.
package struct Header: Equatable, Sendable {
    package static let byteCount = 20
    package static let magicCookie: UInt32 = 0x2112_a442

    package let type: MessageType
    /// The number of bytes behind the header, a multiple of 4.
    package let length: Int
    /// The magic cookie, or the first four bytes of an RFC 3489 transaction ID.
    package let cookie: UInt32
    package let transactionID: TransactionID

    package init(_ type: MessageType, length: Int = 0, cookie: UInt32 = magicCookie, transactionID: TransactionID) {
        self.type = type
        self.length = length
        self.cookie = cookie
        self.transactionID = transactionID
    }

    /// Parses the header and checks the length against the bytes there are; more bytes may follow the message.
    package init(parsing bytes: RawSpan) throws(MessageError) {
        var reader = ByteReader(bytes)
        do {
            let type = try reader.readUInt16()
            let length = try reader.readUInt16()
            cookie = try reader.readUInt32()
            transactionID = try TransactionID(from: &reader)
            guard type & 0xc000 == 0 else { throw MessageError.notSTUN }
            guard length.isMultiple(of: 4), length <= reader.remaining else { throw MessageError.badLength(length) }
            self.type = MessageType(wireValue: type)
            self.length = Int(length)
        } catch let error as MessageError {
            throw error
        } catch {
            throw .notSTUN
        }
    }

    /// Whether the message is of RFC 5389 or later; one without the cookie comes from an RFC 3489 client.
    package var hasMagicCookie: Bool { cookie == Self.magicCookie }

    /// Where the message ends, counted from its first byte.
    package var end: Int { Self.byteCount + length }

    /// Appends the header, with a length of zero when it is to be filled in later.
    package func write(to writer: inout ByteWriter) {
        let beginning = UInt64(type.wireValue) << 48 | UInt64(UInt16(truncatingIfNeeded: length)) << 32 | UInt64(cookie)
        let middle = UInt64(transactionID.high) << 32 | transactionID.low >> 32
        writer.write(beginning, middle, UInt32(truncatingIfNeeded: transactionID.low))
    }

    /// Tells STUN from what else arrives on a socket: two zero bits, the cookie and a plausible length.
    ///
    /// An RFC 3489 message is not recognised: it has nothing to be recognised by.
    package static func looksLikeSTUN(_ bytes: RawSpan) -> Bool {
        guard let header = try? Header(parsing: bytes) else { return false }  // What does not parse is not STUN.
        return header.hasMagicCookie
    }
}

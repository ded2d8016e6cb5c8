package import Wire

/// A whole STUN message with its attributes decoded: what clients and tests work with.
///
/// The server does not: `Responder` reads a request in place.
package struct Message: Equatable, Sendable {
    package var type: MessageType
    /// The magic cookie, or the first four bytes of an RFC 3489 transaction ID.
    package var cookie: UInt32
    package var transactionID: TransactionID
    /// In the order in which they stand in the message.
    package var attributes: [Attribute]
    /// Whether the message ends with a FINGERPRINT (checked when parsed).
    package var isFingerprinted: Bool

    package init(
        _ type: MessageType, transactionID: TransactionID, attributes: [Attribute] = [], isFingerprinted: Bool = false,
        cookie: UInt32 = Header.magicCookie
    ) {
        self.type = type
        self.cookie = cookie
        self.transactionID = transactionID
        self.attributes = attributes
        self.isFingerprinted = isFingerprinted
    }

    /// Parses a message; bytes behind its declared length are not looked at.
    package init(parsing bytes: RawSpan) throws(MessageError) {
        let header = try Header(parsing: bytes)
        type = header.type
        cookie = header.cookie
        transactionID = header.transactionID
        attributes = []
        isFingerprinted = false
        var reader = ByteReader(bytes, at: Header.byteCount)
        while let field = try AttributeField(from: &reader, until: header.end) {
            if field.type == .fingerprint {
                try Fingerprint.verify(field, of: bytes, header: header)
                isFingerprinted = true
            } else {
                attributes.append(try Attribute(field, of: bytes, header: header))
            }
        }
    }

    /// Tells STUN from what else arrives on a socket; see `Header.looksLikeSTUN`.
    package static func looksLikeSTUN(_ bytes: RawSpan) -> Bool {
        Header.looksLikeSTUN(bytes)
    }

    /// The message's bytes.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: 64)
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the message's bytes.
    package func write(to writer: inout ByteWriter) {
        let header = Header(type, cookie: cookie, transactionID: transactionID)
        let start = writer.count
        header.write(to: &writer)
        for attribute in attributes {
            attribute.write(to: &writer, header: header)
        }
        writer.finishMessage(startingAt: start, fingerprinted: isFingerprinted)
    }
}

extension ByteWriter {
    /// Fills in the length of the message that began at `start`, and ends it with a FINGERPRINT if asked.
    mutating func finishMessage(startingAt start: Int, fingerprinted: Bool) {
        let length = count - start - Header.byteCount + (fingerprinted ? Fingerprint.byteCount : 0)
        replaceUInt16(at: start + 2, with: UInt16(truncatingIfNeeded: length))
        guard fingerprinted else { return }
        let value = fingerprint(from: start)
        write(AttributeType.fingerprint.rawValue)
        write(UInt16(4))
        write(value)
    }

    // A function of its own, so that nothing still borrows the bytes when the next write comes.
    private func fingerprint(from start: Int) -> UInt32 {
        Fingerprint.value(of: bytes.bytes, in: start..<count)
    }
}

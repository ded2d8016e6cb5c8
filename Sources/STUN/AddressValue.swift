internal import Wire

/// The value of every attribute that holds a transport address (RFC 8489 §14.1, §14.2).
///
/// ```
/// 0      1         2       4                   8 or 20
/// +------+---------+-------+--------------------+
/// | 0    | family  | port  | address            |   family 1 = IPv4, 2 = IPv6
/// +------+---------+-------+--------------------+
/// ```
/// The XOR form masks the port with the cookie's first half, and the address with the cookie and the transaction ID.
enum AddressValue {
    /// Reads the value of `field`; an IPv4-mapped address becomes IPv4, as servers on dual-stack sockets send it.
    ///
    /// `mask` is the message's header for the XOR form, nil for the plain form.
    static func read(_ field: AttributeField, of message: RawSpan, mask: Header? = nil) throws(MessageError) -> Endpoint {
        do {
            var reader = ByteReader(message, at: field.value.lowerBound)
            let family = try reader.readUInt16() & 0xff
            var port = try reader.readUInt16()
            if let mask { port ^= mask.portMask }
            switch (family, field.value.count) {
            case (1, 8...):
                return Endpoint(IPAddress(ipv4: try reader.readUInt32() ^ (mask?.cookie ?? 0)), port)
            case (2, 20...):
                let high = try reader.readUInt64() ^ (mask?.highMask ?? 0)
                let low = try reader.readUInt64() ^ (mask?.lowMask ?? 0)
                return Endpoint(IPAddress(high: high, low: low).canonical, port)
            default:
                break
            }
        } catch {}  // Cut short: malformed, as below.
        throw .malformedAttribute(field.type)
    }

    /// Appends a whole attribute: type, length and value.
    static func write(_ endpoint: Endpoint, as type: AttributeType, mask: Header? = nil, to writer: inout ByteWriter) {
        let beginning = UInt64(type.rawValue) << 48 | UInt64(endpoint.port ^ (mask?.portMask ?? 0))
        if let (high, low) = endpoint.address.ipv6 {
            writer.write(beginning | 20 << 32 | 2 << 16)
            writer.write(high ^ (mask?.highMask ?? 0))
            writer.write(low ^ (mask?.lowMask ?? 0))
        } else {
            writer.write(beginning | 8 << 32 | 1 << 16, (endpoint.address.ipv4 ?? 0) ^ (mask?.cookie ?? 0))
        }
    }
}

extension Header {
    fileprivate var portMask: UInt16 { UInt16(truncatingIfNeeded: cookie >> 16) }
    fileprivate var highMask: UInt64 { UInt64(cookie) << 32 | UInt64(transactionID.high) }
    fileprivate var lowMask: UInt64 { transactionID.low }
}

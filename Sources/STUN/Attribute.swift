package import Wire

/// One attribute of a message, decoded. FINGERPRINT is not among them: a message either has a right one or is refused.
package enum Attribute: Hashable, Sendable {
    /// The source of the request, in plain (RFC 8489 §14.1).
    case mappedAddress(Endpoint)
    /// The source of the request, masked so that no gateway rewrites it (RFC 8489 §14.2); 0x8020 reads as this one too.
    case xorMappedAddress(Endpoint)
    /// From where to answer (RFC 5780 §7.2).
    case changeRequest(ChangeRequest)
    /// From where the answer comes (RFC 5780 §7.3).
    case responseOrigin(Endpoint)
    /// The server's other address and port (RFC 5780 §7.4).
    case otherAddress(Endpoint)
    /// From where the answer comes (RFC 3489 §11.2.5).
    case sourceAddress(Endpoint)
    /// The server's other address and port (RFC 3489 §11.2.3).
    case changedAddress(Endpoint)
    /// To which port to answer (RFC 5780 §7.5).
    case responsePort(UInt16)
    /// A number of bytes that mean nothing (RFC 5780 §7.6).
    case padding(Int)
    /// The program's name (RFC 8489 §14.14).
    case software(String)
    case errorCode(ErrorCode)
    /// The attributes that were not understood (RFC 8489 §14.9).
    case unknownAttributes([AttributeType])
    /// Any other attribute.
    case other(AttributeType, [UInt8])

    /// The number under which it is written.
    package var type: AttributeType {
        switch self {
        case .mappedAddress: .mappedAddress
        case .xorMappedAddress: .xorMappedAddress
        case .changeRequest: .changeRequest
        case .responseOrigin: .responseOrigin
        case .otherAddress: .otherAddress
        case .sourceAddress: .sourceAddress
        case .changedAddress: .changedAddress
        case .responsePort: .responsePort
        case .padding: .padding
        case .software: .software
        case .errorCode: .errorCode
        case .unknownAttributes: .unknownAttributes
        case .other(let type, _): type
        }
    }

    /// Decodes the attribute that `field` points at.
    init(_ field: AttributeField, of message: RawSpan, header: Header) throws(MessageError) {
        switch field.type {
        case .mappedAddress: self = .mappedAddress(try AddressValue.read(field, of: message))
        case .xorMappedAddress, .oldXORMappedAddress:
            self = .xorMappedAddress(try AddressValue.read(field, of: message, mask: header))
        case .responseOrigin: self = .responseOrigin(try AddressValue.read(field, of: message))
        case .otherAddress: self = .otherAddress(try AddressValue.read(field, of: message))
        case .sourceAddress: self = .sourceAddress(try AddressValue.read(field, of: message))
        case .changedAddress: self = .changedAddress(try AddressValue.read(field, of: message))
        case .changeRequest: self = .changeRequest(try Self.readChangeRequest(field, of: message))
        case .responsePort: self = .responsePort(try Self.readResponsePort(field, of: message))
        case .padding: self = .padding(field.value.count)
        case .software: self = .software(String(decoding: message.copy(field.value), as: UTF8.self))
        case .errorCode: self = .errorCode(try ErrorCode(field, of: message))
        case .unknownAttributes: self = .unknownAttributes(Self.readTypes(field, of: message))
        default: self = .other(field.type, message.copy(field.value))
        }
    }

    /// Appends type, length, value and padding; `header` masks an XOR-MAPPED-ADDRESS.
    package func write(to writer: inout ByteWriter, header: Header) {
        switch self {
        case .mappedAddress(let endpoint), .responseOrigin(let endpoint), .otherAddress(let endpoint),
            .sourceAddress(let endpoint), .changedAddress(let endpoint):
            AddressValue.write(endpoint, as: type, to: &writer)
        case .xorMappedAddress(let endpoint):
            AddressValue.write(endpoint, as: type, mask: header, to: &writer)
        case .changeRequest(let flags):
            writeValue(to: &writer) { $0.write(flags.rawValue) }
        case .responsePort(let port):
            writeValue(to: &writer) { $0.write(port) }
        case .padding(let count):
            writeValue(to: &writer) { $0.writeZeros(count) }
        case .software(let name):
            writeValue(to: &writer) { $0.write(Array(name.utf8)) }
        case .errorCode(let code):
            writeValue(to: &writer) { code.write(to: &$0) }
        case .unknownAttributes(let types):
            writeValue(to: &writer) { writer in types.forEach { writer.write($0.rawValue) } }
        case .other(_, let value):
            writeValue(to: &writer) { $0.write(value) }
        }
    }

    private func writeValue(to writer: inout ByteWriter, _ write: (inout ByteWriter) -> Void) {
        writer.write(type.rawValue)
        writer.write(UInt16(0))
        let start = writer.count
        write(&writer)
        let count = writer.count - start
        writer.replaceUInt16(at: start - 2, with: UInt16(truncatingIfNeeded: count))
        writer.writeZeros(AttributeField.padded(count) - count)
    }
}

extension Attribute {
    /// The flags of a CHANGE-REQUEST: exactly 4 bytes.
    static func readChangeRequest(_ field: AttributeField, of message: RawSpan) throws(MessageError) -> ChangeRequest {
        var reader = ByteReader(message, at: field.value.lowerBound)
        guard field.value.count == 4, let word = try? reader.readUInt32() else {  // Other lengths are malformed.
            throw .malformedAttribute(.changeRequest)
        }
        return ChangeRequest(rawValue: word)
    }

    /// The port of a RESPONSE-PORT: 2 bytes, or 4 where the client counts the padding as value.
    static func readResponsePort(_ field: AttributeField, of message: RawSpan) throws(MessageError) -> UInt16 {
        var reader = ByteReader(message, at: field.value.lowerBound)
        guard field.value.count == 2 || field.value.count == 4,
            let port = try? reader.readUInt16(), port != 0  // Other lengths are malformed, and port 0 is none.
        else { throw .malformedAttribute(.responsePort) }
        return port
    }

    private static func readTypes(_ field: AttributeField, of message: RawSpan) -> [AttributeType] {
        var reader = ByteReader(message, at: field.value.lowerBound)
        return (0..<field.value.count / 2).compactMap { _ in
            (try? reader.readUInt16()).map(AttributeType.init(rawValue:))  // The field lies inside the message.
        }
    }
}

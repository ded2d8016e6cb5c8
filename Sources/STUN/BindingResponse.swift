package import Wire

/// A server's answer to a binding request, read as leniently as it can be done safely.
///
/// Unknown attributes are passed over, bytes behind the declared length too. The address is taken from
/// XOR-MAPPED-ADDRESS, under its number or the old one, and else from MAPPED-ADDRESS.
package struct BindingResponse: Equatable, Sendable {
    package enum Result: Equatable, Sendable {
        /// The request came from this address.
        case mapped(Endpoint)
        /// The server refused the request.
        case refused(ErrorCode)
    }

    package let transactionID: TransactionID
    package let result: Result
    /// The server's other address and port (RFC 5780 §7.4).
    package let otherAddress: Endpoint?

    /// Parses a success or error response.
    package init(parsing bytes: RawSpan) throws(MessageError) {
        let header = try Header(parsing: bytes)
        transactionID = header.transactionID
        var mapped: Endpoint?
        var plain: Endpoint?
        var other: Endpoint?
        var code: ErrorCode?
        var reader = ByteReader(bytes, at: Header.byteCount)
        while let field = try AttributeField(from: &reader, until: header.end) {
            switch field.type {
            case .xorMappedAddress, .oldXORMappedAddress:
                if mapped == nil { mapped = try AddressValue.read(field, of: bytes, mask: header) }
            case .mappedAddress:
                if plain == nil { plain = try AddressValue.read(field, of: bytes) }
            case .otherAddress:
                if other == nil { other = try AddressValue.read(field, of: bytes) }
            case .errorCode:
                if code == nil { code = try ErrorCode(field, of: bytes) }
            case .fingerprint:
                try Fingerprint.verify(field, of: bytes, header: header)
            default:
                break
            }
        }
        otherAddress = other
        switch header.type {
        case .bindingSuccess:
            guard let endpoint = mapped ?? plain else { throw .noMappedAddress }
            result = .mapped(endpoint)
        case .bindingFailure:
            guard let code else { throw .malformedAttribute(.errorCode) }
            result = .refused(code)
        default:
            throw .unexpectedType(header.type)
        }
    }
}

internal import Wire

/// What the attributes of a binding request ask for, read in place.
struct RequestContent {
    private(set) var change: ChangeRequest = []
    private(set) var responsePort: UInt16?
    /// Bytes of PADDING.
    private(set) var paddingCount: Int?
    private(set) var isFingerprinted = false
    /// Attributes that must be understood and are not.
    private(set) var unknownCount = 0

    /// Reads all attributes; of one that is repeated the first counts (RFC 8489 §14).
    init(_ request: RawSpan, header: Header, hasOtherAddress: Bool) throws(MessageError) {
        var seen = Seen()
        var reader = ByteReader(request, at: Header.byteCount)
        while let field = try AttributeField(from: &reader, until: header.end) {
            guard field.type != .fingerprint else {
                try Fingerprint.verify(field, of: request, header: header)
                isFingerprinted = true
                continue
            }
            guard Self.understands(field, of: request, hasOtherAddress: hasOtherAddress) else {
                // Kept even though it is refused: an RFC 3489 client is better served by silence (see `Responder`).
                if field.type == .changeRequest { change = try Attribute.readChangeRequest(field, of: request) }
                unknownCount += 1
                continue
            }
            switch field.type {
            case .changeRequest where seen.insert(.changeRequest):
                change = try Attribute.readChangeRequest(field, of: request)
            case .responsePort where seen.insert(.responsePort):
                responsePort = try Attribute.readResponsePort(field, of: request)
            case .padding where seen.insert(.padding):
                paddingCount = field.value.count
            default:
                break
            }
        }
    }

    /// Whether the server knows what an attribute means, or need not know it.
    ///
    /// Those of RFC 5780 are known to a server with another address only, but a CHANGE-REQUEST that changes nothing
    /// is taken by every one: some clients always send it. Attributes of RFC 8489 that have no sense here (credentials
    /// that nobody asked for, addresses) are known and passed over.
    static func understands(_ field: AttributeField, of request: RawSpan, hasOtherAddress: Bool) -> Bool {
        guard field.type.isComprehensionRequired else { return true }
        switch field.type {
        case .mappedAddress, .username, .messageIntegrity, .errorCode, .unknownAttributes, .realm, .nonce,
            .messageIntegritySHA256, .passwordAlgorithm, .userhash, .xorMappedAddress:
            return true
        case .changeRequest:
            // A malformed one is for the reader to refuse.
            return hasOtherAddress || (try? Attribute.readChangeRequest(field, of: request).isEmpty) ?? true
        case .responsePort, .padding:
            return hasOtherAddress
        default:
            return false
        }
    }

    /// Appends the numbers of the attributes that are not understood, each once for each time it stands there.
    static func writeUnknownTypes(
        _ request: RawSpan, header: Header, hasOtherAddress: Bool, to writer: inout ByteWriter
    ) {
        var reader = ByteReader(request, at: Header.byteCount)
        // The attributes were read without an error before.
        while let field = try? AttributeField(from: &reader, until: header.end) {
            if field.type != .fingerprint, !understands(field, of: request, hasOtherAddress: hasOtherAddress) {
                writer.write(field.type.rawValue)
            }
        }
    }

    private struct Seen: OptionSet {
        var rawValue: UInt8
        static let changeRequest = Seen(rawValue: 1)
        static let responsePort = Seen(rawValue: 2)
        static let padding = Seen(rawValue: 4)

        /// Answers whether it is the first.
        mutating func insert(_ kind: Seen) -> Bool {
            let isFirst = isDisjoint(with: kind)
            rawValue |= kind.rawValue
            return isFirst
        }
    }
}

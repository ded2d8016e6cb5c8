/// The number of an attribute (IANA "STUN Attributes").
package struct AttributeType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    private init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Whether a receiver that does not know it must refuse the request (RFC 8489 §14).
    package var isComprehensionRequired: Bool { rawValue < 0x8000 }

    package static let mappedAddress = AttributeType(0x0001)
    /// RFC 5780 §7.2.
    package static let changeRequest = AttributeType(0x0003)
    /// RFC 3489 §11.2.5.
    package static let sourceAddress = AttributeType(0x0004)
    /// RFC 3489 §11.2.3.
    package static let changedAddress = AttributeType(0x0005)
    package static let username = AttributeType(0x0006)
    package static let messageIntegrity = AttributeType(0x0008)
    package static let errorCode = AttributeType(0x0009)
    package static let unknownAttributes = AttributeType(0x000a)
    package static let realm = AttributeType(0x0014)
    package static let nonce = AttributeType(0x0015)
    package static let messageIntegritySHA256 = AttributeType(0x001c)
    package static let passwordAlgorithm = AttributeType(0x001d)
    package static let userhash = AttributeType(0x001e)
    package static let xorMappedAddress = AttributeType(0x0020)
    /// RFC 5780 §7.6.
    package static let padding = AttributeType(0x0026)
    /// RFC 5780 §7.5.
    package static let responsePort = AttributeType(0x0027)
    /// XOR-MAPPED-ADDRESS under the number that drafts of RFC 5389 gave it; some servers never moved on.
    package static let oldXORMappedAddress = AttributeType(0x8020)
    package static let software = AttributeType(0x8022)
    package static let fingerprint = AttributeType(0x8028)
    /// RFC 5780 §7.3.
    package static let responseOrigin = AttributeType(0x802b)
    /// RFC 5780 §7.4.
    package static let otherAddress = AttributeType(0x802c)
}

/// What can be wrong with bytes that should be a STUN message.
package enum MessageError: Error, Equatable {
    /// Shorter than a header, or the first two bits are not zero.
    case notSTUN
    /// The declared length is no multiple of 4 or goes beyond the end.
    case badLength(UInt16)
    /// An attribute goes beyond the end of the message.
    case attributeBeyondEnd
    /// The value is too short or odd for its type.
    case malformedAttribute(AttributeType)
    /// The CRC does not fit, or something follows it.
    case wrongFingerprint
    /// The message is not of the class or method asked for.
    case unexpectedType(MessageType)
    /// A success response that names no address.
    case noMappedAddress
}

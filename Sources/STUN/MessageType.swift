/// What a message asks or answers: the 14 bits behind the two zero bits (RFC 8489 §5).
///
/// ```
///   0 0 M11 M10 M9 M8 M7 C1 M6 M5 M4 C0 M3 M2 M1 M0
/// ```
package struct MessageType: Hashable, Sendable {
    package enum Class: UInt16, Sendable, CaseIterable {
        case request = 0b00
        case indication = 0b01
        case success = 0b10
        case failure = 0b11
    }

    package var method: UInt16
    package var messageClass: Class

    /// The one method of STUN proper.
    package static let bindingMethod: UInt16 = 1

    package static let bindingRequest = MessageType(.request)
    package static let bindingIndication = MessageType(.indication)
    package static let bindingSuccess = MessageType(.success)
    package static let bindingFailure = MessageType(.failure)

    package init(_ messageClass: Class, method: UInt16 = bindingMethod) {
        self.method = method & 0xfff
        self.messageClass = messageClass
    }

    /// Takes the two fields apart; the first two bits are not looked at.
    package init(wireValue: UInt16) {
        method = wireValue & 0xf | wireValue >> 1 & 0x70 | wireValue >> 2 & 0xf80
        switch (wireValue & 0x100 != 0, wireValue & 0x10 != 0) {
        case (false, false): messageClass = .request
        case (false, true): messageClass = .indication
        case (true, false): messageClass = .success
        case (true, true): messageClass = .failure
        }
    }

    /// The 16 bits as they stand in the header.
    package var wireValue: UInt16 {
        let bits = messageClass.rawValue
        return method & 0xf | (method & 0x70) << 1 | (method & 0xf80) << 2 | (bits & 1) << 4 | (bits & 2) << 7
    }
}

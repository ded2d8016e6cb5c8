/// CHANGE-REQUEST: from where the server shall answer (RFC 5780 §7.2).
package struct ChangeRequest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue & 0b110
    }

    /// Answer from the other IP address.
    package static let address = ChangeRequest(rawValue: 0b100)
    /// Answer from the other port.
    package static let port = ChangeRequest(rawValue: 0b010)
}

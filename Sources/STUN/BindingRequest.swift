/// A client's binding request.
///
/// Without flags it is the 40 bytes that Tailscale's clients send, in their order: SOFTWARE `tailnode`, FINGERPRINT.
/// Tailscale's STUN servers answer nothing else, and a server that must not amplify has room for its reply.
package struct BindingRequest: Hashable, Sendable {
    package var transactionID: TransactionID
    /// From where to answer; only for servers that named another address.
    package var change: ChangeRequest

    package init(transactionID: TransactionID, change: ChangeRequest = []) {
        self.transactionID = transactionID
        self.change = change
    }

    /// The request's bytes.
    package func encoded() -> [UInt8] {
        var attributes: [Attribute] = [.software("tailnode")]
        if !change.isEmpty { attributes.append(.changeRequest(change)) }
        return Message(.bindingRequest, transactionID: transactionID, attributes: attributes, isFingerprinted: true).encoded()
    }
}

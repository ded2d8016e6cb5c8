package import Wire

/// Which of the server's sockets answers, seen from the one that the request came in on (RFC 5780 §6.1).
package enum ReplyOrigin: Hashable, Sendable, CaseIterable {
    case same
    case otherPort
    case otherAddress
    case otherAddressAndPort

    init(_ change: ChangeRequest) {
        switch (change.contains(.address), change.contains(.port)) {
        case (false, false): self = .same
        case (false, true): self = .otherPort
        case (true, false): self = .otherAddress
        case (true, true): self = .otherAddressAndPort
        }
    }

    package var changesAddress: Bool {
        switch self {
        case .same, .otherPort: false
        case .otherAddress, .otherAddressAndPort: true
        }
    }

    package var changesPort: Bool {
        switch self {
        case .same, .otherAddress: false
        case .otherPort, .otherAddressAndPort: true
        }
    }
}

/// Why a datagram got no answer: the label of a counter.
package enum IgnoredReason: String, Hashable, Sendable, CaseIterable {
    /// Not a STUN message, or one that does not end where the datagram ends.
    case malformed
    /// A response, an indication, or another method.
    case notARequest = "not_a_request"
    /// A FINGERPRINT that does not fit.
    case wrongFingerprint = "wrong_fingerprint"
    /// An RFC 3489 client wants an answer from another address, and there is none.
    case noOtherAddress = "no_other_address"
    /// The source is no address of one host, or its port is 0.
    case impossibleSource = "impossible_source"
}

/// What to do with a datagram.
package enum Disposition: Equatable, Sendable {
    /// Send what was written, from the socket that `origin` names, to `destination`.
    case reply(to: Endpoint, from: ReplyOrigin)
    /// Send nothing.
    case ignored(IgnoredReason)
}

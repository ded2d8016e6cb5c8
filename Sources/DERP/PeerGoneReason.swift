/// Why a peer cannot be reached through this relay.
package enum PeerGoneReason: Hashable, Sendable {
    /// It was connected and no longer is.
    case disconnected
    /// A path probe was sent to it and it is not connected.
    case notHere
    /// A reason of a later version.
    case other(UInt8)

    package init(code: UInt8) {
        switch code {
        case 0: self = .disconnected
        case 1: self = .notHere
        default: self = .other(code)
        }
    }

    package var code: UInt8 {
        switch self {
        case .disconnected: 0
        case .notHere: 1
        case .other(let code): code
        }
    }
}

/// What kind of client a `peerPresent` frame speaks of.
package struct PresenceFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let regular = PresenceFlags(rawValue: 1)
    package static let meshPeer = PresenceFlags(rawValue: 2)
    package static let prober = PresenceFlags(rawValue: 4)
    /// It is connected to a node of its region that is not the region's first.
    package static let notIdeal = PresenceFlags(rawValue: 8)
}

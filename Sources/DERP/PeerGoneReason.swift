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

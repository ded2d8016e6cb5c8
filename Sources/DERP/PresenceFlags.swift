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

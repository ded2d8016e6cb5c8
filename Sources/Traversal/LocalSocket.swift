package import Wire

/// Names one of the shell's UDP sockets.
package struct SocketID: Hashable, Comparable, Sendable {
    package let rawValue: UInt16

    package init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static func < (left: SocketID, right: SocketID) -> Bool { left.rawValue < right.rawValue }
}

/// A UDP socket that the shell has bound: probes, STUN requests and data leave from it.
///
/// A host with one uplink has one socket per family. A host with several has one per uplink and family, bound to the
/// interface, so that each uplink's NAT is probed on its own.
package struct LocalSocket: Hashable, Sendable {
    package var id: SocketID
    package var family: IPAddress.Family
    /// The bound port.
    package var port: UInt16
    /// The index of the interface that the socket is bound to; nil when it follows the routing table.
    package var interfaceIndex: UInt32?
    /// Not for traffic: a fresh port from which the NAT's filtering and hairpinning are tested.
    package var isForTests: Bool

    package init(
        id: SocketID, family: IPAddress.Family, port: UInt16, interfaceIndex: UInt32? = nil, isForTests: Bool = false
    ) {
        self.id = id
        self.family = family
        self.port = port
        self.interfaceIndex = interfaceIndex
        self.isForTests = isForTests
    }
}

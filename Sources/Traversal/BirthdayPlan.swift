package import Wire

/// What one attempt to guess ports needs: shown to the node's `BirthdayAllowance`, which says yes or no.
package struct BirthdayPlan: Hashable, Sendable {
    /// Which part this side takes.
    package enum Role: Hashable, Sendable {
        /// Sends from many sockets to one endpoint of the peer, so that many of our ports are good for it.
        case opener
        /// Sends from one socket to many ports of the peer.
        case guesser
        /// Sends from many sockets to many ports: nothing is known of either side.
        case searcher
    }

    package let role: Role
    /// The peer's address: all datagrams go there.
    package let target: IPAddress
    /// Sockets to open beside those that are there.
    package let socketCount: Int
    /// The socket that the others are to be like: of the same family, bound to the same interface, each with a free port.
    package let model: SocketID
    /// Datagrams that the attempt sends at most.
    package let packetCount: Int
}

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
    /// Entries that it keeps in our gateway's table at most.
    package let entryCount: Int
    /// Whether it is the long search that both users have allowed.
    package let isExhaustive: Bool

    package init(
        role: Role, target: IPAddress, socketCount: Int, model: SocketID, packetCount: Int, entryCount: Int,
        isExhaustive: Bool = false
    ) {
        self.role = role
        self.target = target
        self.socketCount = socketCount
        self.model = model
        self.packetCount = packetCount
        self.entryCount = entryCount
        self.isExhaustive = isExhaustive
    }
}

/// What came of an attempt.
package struct BirthdayResult: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// A path to the guessed address works.
        case answered
        /// It does not.
        case silent
        /// Our gateway let nothing new out any more.
        case dropped
        /// Our own network changed meanwhile: it says nothing of the peer, nor of the gateway that we have now.
        case moved
    }

    package let outcome: Outcome
    /// Entries that it left in the gateway's table at most.
    package let entryCount: Int

    package init(_ outcome: Outcome, entryCount: Int) {
        self.outcome = outcome
        self.entryCount = entryCount
    }
}

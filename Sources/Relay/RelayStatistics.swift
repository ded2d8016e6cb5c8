package import Wire

/// A picture of the relay: counters since its start, and the connections that are open.
package struct RelayStatistics: Sendable {
    package var counters = RelayCounters()
    package var stun = STUNCounters()
    package var connections: [RelayConnection] = []
    /// Keys that are connected, those of them with several connections, and the connections that those have.
    package var clientKeys = 0
    package var duplicateKeys = 0
    package var duplicateKeyConnections = 0

    package init() {}

    mutating func add(_ other: RelayStatistics) {
        counters.add(other.counters)
        stun.add(other.stun)
        connections += other.connections
        // Every shard knows all keys.
        clientKeys = max(clientKeys, other.clientKeys)
        duplicateKeys = max(duplicateKeys, other.duplicateKeys)
        duplicateKeyConnections = max(duplicateKeyConnections, other.duplicateKeyConnections)
    }
}

/// One client's connection, for operators.
package struct RelayConnection: Sendable {
    package var key: NodeKey
    package var source: Endpoint
    package var network: UInt32
    package var shard: Int
    /// How long the connection has been open.
    package var age: Duration
    /// What the client calls its program.
    package var applicationName: String
    package var isHome: Bool
    package var isMesh: Bool
    package var isProber: Bool
    package var isWebSocket: Bool
    /// False for a connection whose key has another that takes the packets.
    package var isActive: Bool
    /// Packets and the bytes of their data, from the client and to it.
    package var packetsReceived: UInt64
    package var bytesReceived: UInt64
    package var packetsSent: UInt64
    package var bytesSent: UInt64
    /// Packets for this client that were dropped.
    package var packetsDropped: UInt64
    /// What waits to be written.
    package var queuedPackets: Int
    package var queuedBytes: Int
    /// Whether the relay has stopped reading from the client for a while.
    package var isPaused: Bool
}

/// What the STUN responder has counted since its start.
package struct STUNCounters: Sendable {
    /// Requests answered, by the family of the client's address.
    package var answeredIPv4: UInt64 = 0
    package var answeredIPv6: UInt64 = 0
    /// Datagrams that are no STUN request.
    package var notSTUN: UInt64 = 0
    /// STUN that wants no answer or deserves none.
    package var ignored: UInt64 = 0
    /// Requests from a network that has used up its budget.
    package var limited: UInt64 = 0
    /// Replies that the kernel did not take, and failed reads.
    package var writeErrors: UInt64 = 0
    package var readErrors: UInt64 = 0
    /// Bytes received in requests that were answered, and bytes of the answers: their ratio is the amplification.
    package var requestBytes: UInt64 = 0
    package var replyBytes: UInt64 = 0

    package init() {}

    mutating func add(_ other: STUNCounters) {
        answeredIPv4 &+= other.answeredIPv4
        answeredIPv6 &+= other.answeredIPv6
        notSTUN &+= other.notSTUN
        ignored &+= other.ignored
        limited &+= other.limited
        writeErrors &+= other.writeErrors
        readErrors &+= other.readErrors
        requestBytes &+= other.requestBytes
        replyBytes &+= other.replyBytes
    }
}

package import Wire

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

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

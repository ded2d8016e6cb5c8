internal import Relay
internal import Wire

/// One relay connection, as `/stats/connections` shows it.
struct ConnectionReport: Codable, Sendable {
    let key: NodeKey
    let source: Endpoint
    let network: UInt32
    let shard: Int
    let ageSeconds: Double
    let application: String
    let isHome: Bool
    let isMesh: Bool
    let isProber: Bool
    let isWebSocket: Bool
    let isActive: Bool
    let isPaused: Bool
    let packetsReceived: UInt64
    let bytesReceived: UInt64
    let packetsSent: UInt64
    let bytesSent: UInt64
    let packetsDropped: UInt64
    let queuedPackets: Int
    let queuedBytes: Int

    init(_ connection: RelayConnection) {
        key = connection.key
        source = connection.source
        network = connection.network
        shard = connection.shard
        ageSeconds = connection.age.inSeconds
        application = connection.applicationName
        isHome = connection.isHome
        isMesh = connection.isMesh
        isProber = connection.isProber
        isWebSocket = connection.isWebSocket
        isActive = connection.isActive
        isPaused = connection.isPaused
        packetsReceived = connection.packetsReceived
        bytesReceived = connection.bytesReceived
        packetsSent = connection.packetsSent
        bytesSent = connection.bytesSent
        packetsDropped = connection.packetsDropped
        queuedPackets = connection.queuedPackets
        queuedBytes = connection.queuedBytes
    }
}

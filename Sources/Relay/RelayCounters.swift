package import DERP

/// What the relay has counted since its start. Names follow derper's metrics where the thing is the same.
///
/// A plain value without references: each shard writes its own copy, and `RelayStatistics` holds the sum.
package struct RelayCounters: Sendable {
    /// Connections taken over from the HTTP front, and how many of them came by WebSocket.
    package var accepts: UInt64 = 0
    package var webSocketAccepts: UInt64 = 0
    /// Clients that logged in.
    package var logins: UInt64 = 0

    /// Packets that clients sent, and the bytes of their data.
    package var packetsReceived: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    /// Those of them that looked like disco.
    package var discoPacketsReceived: UInt64 = 0
    /// Packets written to clients, and the bytes of their data.
    package var packetsSent: UInt64 = 0
    package var bytesSent: UInt64 = 0
    /// Packets that other relays forwarded to this one.
    package var packetsForwardedIn: UInt64 = 0

    /// `peerGone` frames for peers that left, and for peers that are not here.
    package var peerGoneDisconnectedFrames: UInt64 = 0
    package var peerGoneNotHereFrames: UInt64 = 0
    /// Pings that came and pongs that went.
    package var pings: UInt64 = 0
    package var pongs: UInt64 = 0
    package var keepAlives: UInt64 = 0
    /// Clients that made this relay their home, and that left it for another.
    package var homeMovesIn: UInt64 = 0
    package var homeMovesOut: UInt64 = 0
    /// Frames of a type this version does not know.
    package var unknownFrames: UInt64 = 0
    /// Clients that were cut off because they took nothing.
    package var writeTimeouts: UInt64 = 0
    /// Connections that came for a key that already had one.
    package var duplicateConnections: UInt64 = 0
    /// How often reading from a source stopped because its destination could not keep up, and because of its rate limit.
    package var backPressurePauses: UInt64 = 0
    package var rateLimitPauses: UInt64 = 0
    /// Connections that moved to the shard of the peer they talk to.
    package var moves: UInt64 = 0
    /// How often a shard woke up.
    package var wakeUps: UInt64 = 0
    /// Moving average (α = 0.1) of the time a packet waits in a queue, in microseconds, one sample per write.
    package var averageQueueMicroseconds: Double = 0

    /// Connections that are open now.
    package var connections: Int = 0
    /// Those of them that are logged in, that call this relay their home, that would prefer another, and that watch the others.
    package var clients: Int = 0
    package var homeConnections: Int = 0
    package var notIdealConnections: Int = 0
    package var watchers: Int = 0

    // Indexed by raw values; room for reasons still to come.
    private var droppedPackets = InlineArray<64, UInt64>(repeating: 0)
    private var droppedBytes = InlineArray<64, UInt64>(repeating: 0)
    private var closes = InlineArray<64, UInt64>(repeating: 0)

    package init() {}

    /// Packets dropped for `reason`, and the bytes of their data.
    package func dropped(_ reason: DropReason, _ kind: PacketKind) -> (packets: UInt64, bytes: UInt64) {
        let index = Self.index(reason, kind)
        return (droppedPackets[index], droppedBytes[index])
    }

    /// All packets dropped.
    package var droppedPacketCount: UInt64 {
        droppedPackets.indices.reduce(0) { $0 &+ droppedPackets[$1] }
    }

    /// Connections that ended for `reason`.
    package func closed(_ reason: CloseReason) -> UInt64 { closes[reason.rawValue & 63] }

    mutating func drop(_ reason: DropReason, _ kind: PacketKind, packets: Int = 1, bytes: Int) {
        let index = Self.index(reason, kind)
        droppedPackets[index] &+= UInt64(packets)
        droppedBytes[index] &+= UInt64(bytes)
    }

    mutating func close(_ reason: CloseReason) {
        closes[reason.rawValue & 63] &+= 1
    }

    mutating func sampleQueueTime(microseconds: Double) {
        averageQueueMicroseconds += 0.1 * (microseconds - averageQueueMicroseconds)
    }

    private static func index(_ reason: DropReason, _ kind: PacketKind) -> Int {
        (reason.rawValue << 1 | kind.rawValue) & 63
    }

    /// Adds another shard's counts; the average is weighted by what was sent.
    mutating func add(_ other: RelayCounters) {
        let weight = Double(packetsSent &+ other.packetsSent)
        if weight > 0 {
            let sum = averageQueueMicroseconds * Double(packetsSent) + other.averageQueueMicroseconds * Double(other.packetsSent)
            averageQueueMicroseconds = sum / weight
        }
        accepts &+= other.accepts
        webSocketAccepts &+= other.webSocketAccepts
        logins &+= other.logins
        packetsReceived &+= other.packetsReceived
        bytesReceived &+= other.bytesReceived
        discoPacketsReceived &+= other.discoPacketsReceived
        packetsSent &+= other.packetsSent
        bytesSent &+= other.bytesSent
        packetsForwardedIn &+= other.packetsForwardedIn
        peerGoneDisconnectedFrames &+= other.peerGoneDisconnectedFrames
        peerGoneNotHereFrames &+= other.peerGoneNotHereFrames
        pings &+= other.pings
        pongs &+= other.pongs
        keepAlives &+= other.keepAlives
        homeMovesIn &+= other.homeMovesIn
        homeMovesOut &+= other.homeMovesOut
        unknownFrames &+= other.unknownFrames
        writeTimeouts &+= other.writeTimeouts
        duplicateConnections &+= other.duplicateConnections
        backPressurePauses &+= other.backPressurePauses
        rateLimitPauses &+= other.rateLimitPauses
        moves &+= other.moves
        wakeUps &+= other.wakeUps
        connections += other.connections
        clients += other.clients
        homeConnections += other.homeConnections
        notIdealConnections += other.notIdealConnections
        watchers += other.watchers
        for index in droppedPackets.indices {
            droppedPackets[index] &+= other.droppedPackets[index]
            droppedBytes[index] &+= other.droppedBytes[index]
            closes[index] &+= other.closes[index]
        }
    }
}

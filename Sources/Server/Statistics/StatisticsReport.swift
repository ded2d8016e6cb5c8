internal import Coordination
internal import DERP
internal import Relay
internal import TLS
internal import Wire

/// The server's state at one moment: `/stats` as JSON, `/metrics` and the status page are written from it.
struct StatisticsReport: Codable, Sendable {
    struct Relay: Codable, Sendable {
        var connections = 0
        var clients = 0
        var homeClients = 0
        var notIdealClients = 0
        var watchers = 0
        var clientKeys = 0
        var duplicateKeys = 0
        var duplicateKeyConnections = 0
        var accepts: UInt64 = 0
        var webSocketAccepts: UInt64 = 0
        var logins: UInt64 = 0
        var packetsReceived: UInt64 = 0
        var bytesReceived: UInt64 = 0
        var discoPacketsReceived: UInt64 = 0
        var packetsSent: UInt64 = 0
        var bytesSent: UInt64 = 0
        var packetsForwardedIn: UInt64 = 0
        var peerGoneDisconnectedFrames: UInt64 = 0
        var peerGoneNotHereFrames: UInt64 = 0
        var pings: UInt64 = 0
        var pongs: UInt64 = 0
        var keepAlives: UInt64 = 0
        var homeMovesIn: UInt64 = 0
        var homeMovesOut: UInt64 = 0
        var unknownFrames: UInt64 = 0
        var writeTimeouts: UInt64 = 0
        var duplicateConnections: UInt64 = 0
        var backPressurePauses: UInt64 = 0
        var rateLimitPauses: UInt64 = 0
        /// Connections that moved to the shard of the peer they talk to.
        var moves: UInt64 = 0
        var averageQueueMicroseconds: Double = 0
        var drops: [Drop] = []
        /// Connections that ended, by reason.
        var closes: [String: UInt64] = [:]
    }

    struct Drop: Codable, Sendable {
        var reason: String
        var kind: String
        var packets: UInt64
        var bytes: UInt64
    }

    struct STUN: Codable, Sendable {
        var answeredIPv4: UInt64 = 0
        var answeredIPv6: UInt64 = 0
        var notSTUN: UInt64 = 0
        var ignored: UInt64 = 0
        var limited: UInt64 = 0
        var readErrors: UInt64 = 0
        var writeErrors: UInt64 = 0
        var requestBytes: UInt64 = 0
        var replyBytes: UInt64 = 0
    }

    struct Coordination: Codable, Sendable {
        var networks = 0
        var nodes = 0
        var onlineNodes = 0
        var joinKeys = 0
        var streams = 0
        /// Streams that were closed because their reader was too slow.
        var droppedStreams: UInt64 = 0
        var changesNotified: UInt64 = 0
        var changesStored: UInt64 = 0
    }

    struct HTTP: Codable, Sendable {
        var accepted = 0
        var refused = 0
        var open = 0
        /// Connections that are in the TLS handshake or have not sent their first request.
        var halfOpen = 0
        /// Connections given up for their first request's deadline, and ended by the peer before it.
        var timeouts = 0
        var abandoned = 0
        var handshakesTLS12 = 0
        var handshakesTLS13 = 0
        var resumedHandshakes = 0
        /// Handshakes that failed, by reason.
        var tlsFailures: [String: Int] = [:]
        var handedOff = 0
        /// Answers by the hundreds of their status.
        var responses: [String: UInt64] = [:]
    }

    var version = ""
    var uptimeSeconds: Double = 0
    var admission = ""
    var admitted: UInt64 = 0
    var denied: UInt64 = 0
    var residentBytes: UInt64 = 0
    var openFiles = 0
    var relay = Relay()
    var stun = STUN()
    var coordination = Coordination()
    var http = HTTP()
}

extension StatisticsReport.Relay {
    init(_ statistics: RelayStatistics) {
        let counters = statistics.counters
        connections = counters.connections
        clients = counters.clients
        homeClients = counters.homeConnections
        notIdealClients = counters.notIdealConnections
        watchers = counters.watchers
        clientKeys = statistics.clientKeys
        duplicateKeys = statistics.duplicateKeys
        duplicateKeyConnections = statistics.duplicateKeyConnections
        accepts = counters.accepts
        webSocketAccepts = counters.webSocketAccepts
        logins = counters.logins
        packetsReceived = counters.packetsReceived
        bytesReceived = counters.bytesReceived
        discoPacketsReceived = counters.discoPacketsReceived
        packetsSent = counters.packetsSent
        bytesSent = counters.bytesSent
        packetsForwardedIn = counters.packetsForwardedIn
        peerGoneDisconnectedFrames = counters.peerGoneDisconnectedFrames
        peerGoneNotHereFrames = counters.peerGoneNotHereFrames
        pings = counters.pings
        pongs = counters.pongs
        keepAlives = counters.keepAlives
        homeMovesIn = counters.homeMovesIn
        homeMovesOut = counters.homeMovesOut
        unknownFrames = counters.unknownFrames
        writeTimeouts = counters.writeTimeouts
        duplicateConnections = counters.duplicateConnections
        backPressurePauses = counters.backPressurePauses
        rateLimitPauses = counters.rateLimitPauses
        moves = counters.moves
        averageQueueMicroseconds = counters.averageQueueMicroseconds
        for reason in DropReason.allCases {
            for kind in PacketKind.allCases {
                let (packets, bytes) = counters.dropped(reason, kind)
                drops.append(StatisticsReport.Drop(reason: reason.label, kind: kind.label, packets: packets, bytes: bytes))
            }
        }
        for reason in CloseReason.allCases { closes[reason.label] = counters.closed(reason) }
    }
}

extension StatisticsReport.HTTP {
    init(_ connections: ConnectionTable, _ front: FrontStatistics, _ counts: ResponseCounts) {
        let table = connections.counts
        accepted = table.accepted
        refused = table.refused + front.refusedFull + front.refusedSource
        open = table.open
        halfOpen = front.halfOpen
        timeouts = front.timeouts
        abandoned = front.abandoned
        handshakesTLS12 = front.handshakesTLS12
        handshakesTLS13 = front.handshakesTLS13
        resumedHandshakes = front.resumedHandshakes
        for reason in TLSFailureReason.allCases { tlsFailures[reason.rawValue] = front.tlsFailures[reason] ?? 0 }
        handedOff = front.handedOff
        responses = counts.snapshot
    }
}

extension StatisticsReport.STUN {
    init(_ counters: STUNCounters) {
        answeredIPv4 = counters.answeredIPv4
        answeredIPv6 = counters.answeredIPv6
        notSTUN = counters.notSTUN
        ignored = counters.ignored
        limited = counters.limited
        readErrors = counters.readErrors
        writeErrors = counters.writeErrors
        requestBytes = counters.requestBytes
        replyBytes = counters.replyBytes
    }
}

extension StatisticsReport {
    /// The figures that matter at a glance, for the terminal and the status page.
    var summary: [(name: String, value: String)] {
        let dropped = relay.drops.reduce(0) { $0 + $1.packets }
        return [
            ("version", version),
            ("uptime", ReadableText.duration(uptimeSeconds)),
            ("admission", "\(admission) (\(admitted) admitted, \(denied) denied)"),
            ("nodes", "\(coordination.nodes) in \(coordination.networks) networks, \(coordination.onlineNodes) online"),
            ("streams", "\(coordination.streams)"),
            ("relay clients", "\(relay.clients) of \(relay.connections) connections"),
            ("relayed", "\(relay.packetsSent) packets, \(ReadableText.bytes(relay.bytesSent))"),
            ("dropped", "\(dropped) packets"),
            ("STUN", "\(stun.answeredIPv4) IPv4 and \(stun.answeredIPv6) IPv6 requests answered, \(stun.limited) limited"),
            ("HTTP", "\(http.open) connections open, \(http.accepted) accepted, \(http.refused) refused"),
            ("memory", "\(ReadableText.bytes(residentBytes)), \(openFiles) open files"),
        ]
    }

    /// The summary as lines.
    var text: String {
        var table = TextTable(["WHAT", "VALUE"])
        for row in summary { table.add([row.name, row.value]) }
        return table.text
    }
}

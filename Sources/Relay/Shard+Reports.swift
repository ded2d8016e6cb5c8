internal import DERP
internal import Logging
internal import Wire

extension Shard {
    /// Writes one line about a connection: neither address nor key but at debug.
    func log(_ connection: ConnectionPointer, _ message: Logger.Message, _ reason: CloseReason? = nil) {
        guard logger.logLevel <= .info, connection.pointee.login != nil || logger.logLevel <= .debug else { return }
        var metadata: Logger.Metadata = ["connection": "\(String(connection.pointee.id.rawValue, radix: 16))"]
        if let reason {
            metadata["reason"] = "\(reason.label)"
            metadata["seconds"] = "\(Int((now - connection.pointee.openedAt).inSeconds))"
            metadata["packets"] = "\(connection.pointee.packetsReceived)"
        }
        if logger.logLevel <= .debug {
            metadata["source"] = "\(connection.pointee.source)"
            if let key = connection.pointee.login?.key { metadata["key"] = "\(key.shortText)" }
        }
        logger.log(level: connection.pointee.login == nil ? .debug : .info, message, metadata: metadata)
    }

    /// What this shard reports.
    mutating func statistics() -> RelayStatistics {
        var report = RelayStatistics()
        report.counters = counters
        report.counters.watchers = watchers.count
        report.stun = stun?.counters ?? STUNCounters()
        report.clientKeys = table.count
        (report.duplicateKeys, report.duplicateKeyConnections) = table.duplicates
        for case let connection? in connections where connection.pointee.phase == .ready {
            guard let login = connection.pointee.login else { continue }
            report.connections.append(
                RelayConnection(
                    key: login.key, source: connection.pointee.source, network: connection.pointee.network, shard: index,
                    age: now - connection.pointee.openedAt, applicationName: login.info.applicationName,
                    isHome: connection.pointee.isHome, isMesh: login.isMeshPeer, isProber: login.info.isProber,
                    isWebSocket: connection.pointee.isWebSocket, isActive: connection.pointee.isActive,
                    packetsReceived: connection.pointee.packetsReceived, bytesReceived: connection.pointee.bytesReceived,
                    packetsSent: connection.pointee.packetsSent, bytesSent: connection.pointee.bytesSent,
                    packetsDropped: connection.pointee.packetsDropped, queuedPackets: connection.pointee.queue.packetCount,
                    queuedBytes: connection.pointee.queue.byteCount, isPaused: !connection.pointee.mayRead))
        }
        return report
    }
}

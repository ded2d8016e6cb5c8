internal import CryptoBox
internal import DERP
internal import Wire

extension Shard {
    /// What a client is told while its key has several connections.
    private static let duplicateText = "another connection uses this node key: packets go to whichever sent last"

    /// Connections that one key may have: a client that reconnects before its old connections are found dead has two or three.
    static let connectionsPerKey = 8

    // MARK: - Changes here

    /// Makes a connection known to all shards. It takes the packets of its key from here on.
    mutating func register(_ connection: ConnectionPointer) {
        let registration = RoutingTable.Registration(
            id: connection.pointee.id, order: fabric.nextOrder(), network: connection.pointee.network,
            flags: connection.pointee.presence, source: connection.pointee.source)
        connection.pointee.isActive = true
        let key = connection.pointee.routeKey
        fabric.broadcast(.connected(key, registration), but: index)
        if table.connectionCount(key) > 0 { counters.duplicateConnections &+= 1 }
        connected(key, registration)
    }

    /// Makes a connection that has just sent the one that takes the packets of its key.
    mutating func takeOver(_ connection: ConnectionPointer) {
        let order = fabric.nextOrder()
        let key = connection.pointee.routeKey
        fabric.broadcast(.activated(key, connection.pointee.id, order: order), but: index)
        activated(key, connection.pointee.id, order: order)
    }

    /// Takes a connection out of all shards' tables.
    mutating func unregister(_ connection: ConnectionPointer) {
        if connection.pointee.isWatcher { watchers.removeAll { $0 == connection.pointee.id } }
        counters.clients -= 1
        counters.homeConnections -= connection.pointee.isHome ? 1 : 0
        counters.notIdealConnections -= connection.pointee.isNotIdeal ? 1 : 0
        let key = connection.pointee.routeKey
        // Before anybody is told, since the connection itself must not be.
        connection.pointee.phase = .lingering
        fabric.broadcast(.disconnected(key, connection.pointee.id), but: index)
        disconnected(key, connection.pointee.id)
    }

    // MARK: - Changes anywhere

    mutating func connected(_ key: RouteKey, _ registration: RoutingTable.Registration) {
        switch table.add(key, registration) {
        case .appeared:
            guard !watchers.isEmpty else { return }
            writer.removeAll()
            ServerFrame.writePeerPresent(key.nodeKey, at: registration.source, registration.flags, to: &writer)
            tellWatchers()
        case .changed:
            connectionsChanged(key)
            closeSurplus(key)
        case .vanished, .none: break
        }
    }

    /// Ends the connection of a key that was not active for longest when there are too many. Each shard comes to the same answer, and
    /// the one that owns the connection acts.
    private mutating func closeSurplus(_ key: RouteKey) {
        guard table.connectionCount(key) > Self.connectionsPerKey else { return }
        guard let oldest = table.registrations(key).min(by: { $0.order < $1.order }), oldest.id.shard == index,
            let connection = find(oldest.id)
        else { return }
        close(connection, .limitReached)
    }

    mutating func disconnected(_ key: RouteKey, _ id: ConnectionID) {
        switch table.remove(key, id) {
        case .vanished:
            guard heard[key] != nil || !watchers.isEmpty else { return }
            writer.removeAll()
            ServerFrame.writePeerGone(key.nodeKey, .disconnected, to: &writer)
            tellListeners(of: key)
            tellWatchers()
        case .changed: connectionsChanged(key)
        case .appeared, .none: break
        }
    }

    mutating func activated(_ key: RouteKey, _ id: ConnectionID, order: UInt64) {
        if table.activate(key, id, order: order) == .changed { connectionsChanged(key) }
    }

    /// Brings what this shard's connections of a key know of each other up to date.
    private mutating func connectionsChanged(_ key: RouteKey) {
        let registrations = table.registrations(key)
        for (position, registration) in registrations.enumerated() where registration.id.shard == index {
            guard let connection = find(registration.id), connection.pointee.phase == .ready else { continue }
            connection.pointee.isActive = position == 0
            connection.pointee.isDuplicate = registrations.count > 1
            guard connection.pointee.isDuplicate != connection.pointee.isToldOfDuplicate else { continue }
            connection.pointee.isToldOfDuplicate = connection.pointee.isDuplicate
            writer.removeAll()
            ServerFrame.writeHealth(connection.pointee.isDuplicate ? Self.duplicateText : "", to: &writer)
            control(connection)
        }
    }

    // MARK: - Watchers

    /// Tells another relay who is here, and from here on who comes and goes.
    mutating func watch(_ connection: ConnectionPointer) {
        // A relay that has connected to itself would only hear what it knows.
        guard !connection.pointee.isWatcher, connection.pointee.login?.key != identity.serverKey.publicKey else { return }
        connection.pointee.isWatcher = true
        watchers.append(connection.pointee.id)
        for (key, active) in table.all {
            writer.removeAll()
            ServerFrame.writePeerPresent(key.nodeKey, at: active.source, active.flags, to: &writer)
            control(connection)
        }
    }

    private mutating func tellWatchers() {
        for watcher in watchers {
            if let connection = find(watcher) { control(connection) }
        }
    }
}

internal import DERP
internal import Wire

/// Who has heard whom: when a key has no connection any more, the clients that got packets from it are told.
extension Shard {
    /// Connections remembered as having heard one key, and keys remembered for one connection. Beyond that a client hears of a peer's end
    /// by its own probes only, as it does from a relay that restarted.
    private static let heardCount = 4096

    /// Remembers that a packet of a peer has come to a connection. The peers of other relays are theirs.
    mutating func noteHeard(_ frame: UnsafeRawBufferPointer, from source: ConnectionID, by connection: ConnectionPointer) {
        connection.pointee.heardSources[source.slot & 3] = source
        guard let start = frame.baseAddress else { return }
        let key = RouteKey(loading: start + FrameLayout.keyOffset)
        guard !connection.pointee.heardKeys.contains(key), connection.pointee.heardKeys.count < Self.heardCount,
            table.active(key) != nil, heard[key, default: []].count < Self.heardCount
        else { return }
        heard[key, default: []].insert(connection.pointee.id)
        connection.pointee.heardKeys.insert(key)
    }

    /// Tells the connections that have heard a key that it is gone, with the frame in `writer`, and forgets that they have.
    mutating func tellListeners(of key: RouteKey) {
        for listener in heard.removeValue(forKey: key) ?? [] {
            guard let connection = find(listener) else { continue }
            connection.pointee.heardKeys.remove(key)
            guard connection.pointee.phase == .ready, !connection.pointee.isWatcher else { continue }
            control(connection)
            counters.peerGoneDisconnectedFrames &+= 1
        }
    }

    /// Forgets a connection that ends, or that leaves for another shard with the keys it has heard.
    mutating func forgetListener(_ connection: ConnectionPointer, keepsKeys: Bool = false) {
        for key in connection.pointee.heardKeys {
            guard let index = heard.index(forKey: key) else { continue }
            heard.values[index].remove(connection.pointee.id)
            if heard.values[index].isEmpty { heard.remove(at: index) }
        }
        if !keepsKeys { connection.pointee.heardKeys = [] }
    }
}

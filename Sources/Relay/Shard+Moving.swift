internal import CLinux
internal import DERP
internal import TLS
internal import Wire

/// Connections that talk to each other come to the same shard: a packet that stays on its shard costs a third less.
///
/// The shard of a sender notices that nearly all it reads from it goes to one connection elsewhere, and decides whose shard becomes the home
/// of both: that of the less busy. The partner that stays pauses, so that nothing overtakes anything while the other is on its way:
/// ```
/// home                          other shard
///   │ ── come (behind all packets) ──► │  flushes what waits, lets go of socket and session
///   │ ◄─ migrant (behind its packets) ─│
/// reads on
/// ```
/// What third connections have sent to the old place follows by way of it. That may change the order of their packets, once.
extension Shard {
    /// Bytes to one destination on another shard, small packets counted as more, after which a move pays: it costs what some ten packets
    /// cost that cross over one by one, each with a wake-up of the other shard.
    static let worthAMove: Int32 = 32 << 10
    /// How long packets for an old place are sent on. All shards hear of a move within milliseconds.
    private static let memory = Duration.seconds(5)
    /// The longest pause for a partner on its way; normally it takes one or two rounds.
    private static let longestWait = Duration.milliseconds(100)

    private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    // MARK: - The sender's shard

    /// Brings a connection and its favourite destination together, if that is worth it.
    mutating func considerMove(_ connection: ConnectionPointer) {
        let load = Double(connection.pointee.remoteBytes) / max(0.001, (now - connection.pointee.remoteSince).inSeconds)
        connection.pointee.remoteBytes = 0
        connection.pointee.remoteSince = now
        guard let partner = connection.pointee.sentTo.winner, partner.shard != index, connection.pointee.congestedUntil == nil,
            connection.pointee.questions.mayBegin(at: now), mayMove(connection, to: partner)
        else { return }
        connection.pointee.questions.begin(at: now)
        if picture.home(of: load, between: index, and: partner.shard, at: now) == index {
            call(partner, to: connection)
        } else {
            _ = ringsOut[partner.shard]?.append(.invite, to: partner, from: connection.pointee.id, Self.nothing)
        }
    }

    /// Whether a connection is settled, rests no more, and talks to nobody else.
    private func mayMove(_ connection: ConnectionPointer, to partner: ConnectionID) -> Bool {
        connection.pointee.phase == .ready && !isDraining && !connection.pointee.isDuplicate && !connection.pointee.isMeshPeer
            && !connection.pointee.isWatcher && connection.pointee.moves.mayBegin(at: now)
            && connection.pointee.sentTo.mayFollow(partner) && connection.pointee.receivedFrom.mayFollow(partner)
    }

    // MARK: - The home

    /// A connection elsewhere would like to come to its partner here.
    mutating func invited(_ host: ConnectionID, by guest: ConnectionID) {
        guard let connection = find(host), connection.pointee.phase == .ready, !isDraining else { return }
        call(guest, to: connection)
    }

    /// Calls a connection of another shard here. Its partner pauses until it comes or refuses.
    private mutating func call(_ guest: ConnectionID, to connection: ConnectionPointer) {
        guard connection.pointee.congestedUntil == nil,
            ringsOut[guest.shard]?.append(.come, to: guest, from: connection.pointee.id, Self.nothing) == true
        else { return }
        connection.pointee.congestedBy = guest
        connection.pointee.congestedUntil = now + Self.longestWait
        schedule(connection)
    }

    /// Takes in a connection that comes from another shard.
    mutating func arrived(_ record: PacketRing.Record) {
        guard let connection = record.migrant else { return }
        let old = record.source
        guard let id = takeSlot() else {
            // Sixteen million connections: this one has no place.
            connection.deinitialize(count: 1)
            connection.deallocate()
            fabric.giveConnection()
            return
        }
        connection.pointee.id = id
        connections[id.slot] = connection
        connection.pointee.session?.attach(to: port)
        arrivals = arrivals.filter { now - $0.value.at < Self.memory }
        arrivals[old] = (id, now)
        count(connection, 1)
        counters.moves &+= 1
        let key = connection.pointee.routeKey
        fabric.broadcast(.moved(key, from: old, to: id), but: index)
        table.rename(key, from: old, to: id)
        resumeAsked(record.destination, by: old)
        catchUp(connection)
        guard connection.pointee.phase != .closed else { return }
        guard causeway_watch_edges(epoll.number, connection.pointee.descriptor.number, id.rawValue) == 0 else {
            close(connection, .connectionFailed)
            return
        }
        schedule(connection)
        touch(connection)
        connection.pointee.isReadable = true
        wantRead(connection)
    }

    /// Makes up for what a connection has missed on its way.
    private mutating func catchUp(_ connection: ConnectionPointer) {
        if let reason = cuts.reason(connection.pointee.routeKey, since: connection.pointee.remoteSince) {
            close(connection, reason)
            return
        }
        if connection.pointee.rate.map({ !$0.follows(limits) }) ?? (limits.bytesPerSecond > 0) {
            connection.pointee.rate = RateAllowance(limits, at: now)
        }
        for key in connection.pointee.heardKeys {
            if table.active(key) != nil {
                heard[key, default: []].insert(connection.pointee.id)
            } else {
                connection.pointee.heardKeys.remove(key)
                writer.removeAll()
                ServerFrame.writePeerGone(key.nodeKey, .disconnected, to: &writer)
                control(connection)
            }
        }
    }

    // MARK: - The shard that is left

    /// Sends the connections away that were called in this round, when everything else in it is done.
    mutating func sendAway() {
        guard !leaving.isEmpty else { return }
        for (id, partner) in leaving {
            // The partner may have come here meanwhile.
            if arrivals[partner] == nil, let connection = find(id), mayMove(connection, to: partner),
                !isCalling(connection, partner),
                depart(connection, to: partner)
            {
                continue
            }
            _ = ringsOut[partner.shard]?.append(.resume, to: partner, from: id, Self.nothing)
        }
        leaving.removeAll(keepingCapacity: true)
    }

    /// Whether a connection has called the one that calls it: then only one of them goes.
    private func isCalling(_ connection: ConnectionPointer, _ partner: ConnectionID) -> Bool {
        connection.pointee.congestedUntil != nil && connection.pointee.congestedBy == partner
            && connection.pointee.id.rawValue > partner.rawValue
    }

    private mutating func depart(_ connection: ConnectionPointer, to partner: ConnectionID) -> Bool {
        guard let ring = ringsOut[partner.shard], ring.room(atLeast: 64) else { return false }
        let id = connection.pointee.id
        resumeSources(of: connection)
        forgetListener(connection, keepsKeys: true)
        causeway_unwatch(epoll.number, connection.pointee.descriptor.number)
        connection.pointee.session?.detach()
        timers.remove(id.slot)
        giveSlot(id)
        count(connection, -1)
        connection.pointee.forgetShard(at: now)
        connection.pointee.moves.begin(at: now)
        departures = departures.filter { now - $0.value.at < Self.memory }
        departures[id] = (partner.shard, now)
        var bits = UInt(bitPattern: connection)
        return withUnsafeBytes(of: &bits) { ring.append(.migrant, to: partner, from: id, $0) }
    }

    /// Takes a connection into the counts of this shard, or out of them.
    private mutating func count(_ connection: ConnectionPointer, _ difference: Int) {
        counters.connections += difference
        counters.clients += difference
        if connection.pointee.isHome { counters.homeConnections += difference }
        if connection.pointee.isNotIdeal { counters.notIdealConnections += difference }
    }

    /// Sends a packet after its destination, if that has moved.
    mutating func follow(_ frame: UnsafeRawBufferPointer, from source: ConnectionID, _ kind: PacketKind, to old: ConnectionID) {
        if let arrival = arrivals[old], let connection = find(arrival.id), connection.pointee.phase == .ready {
            deliver(frame, from: source, kind, to: connection)
            flushBulky()
            return
        }
        if let departure = departures[old] {
            if ringsOut[departure.shard]?.append(kind.isDisco ? .disco : .other, to: old, from: source, frame) == true {
                return
            }
            counters.drop(.mailboxFull, kind, bytes: frame.count - FrameLayout.prefixCount)
            return
        }
        counters.drop(.goneDisconnected, kind, bytes: frame.count - FrameLayout.prefixCount)
    }
}

extension PacketRing.Record {
    /// The connection in a record of kind `migrant`.
    var migrant: UnsafeMutablePointer<Connection>? {
        guard frame.count == MemoryLayout<UInt>.size else { return nil }
        return UnsafeMutablePointer(bitPattern: frame.loadUnaligned(as: UInt.self))
    }
}

internal import DERP
internal import Glibc
internal import Wire

extension Shard {
    /// So much in one queue is written before the next connection is read: two full TLS records.
    private static let bulkyCount = 32 << 10
    /// How long a source is not read because of one destination. One that has not taken an eighth of its queue by then is left to drop.
    private static let longestPause = Duration.milliseconds(250)

    /// Moves one packet of a client on, from the frame it came in.
    mutating func forward(_ connection: ConnectionPointer, _ frame: UnsafeMutableRawPointer, count: Int) {
        let dataCount = count - FrameLayout.prefixCount
        let kind = PacketKind(of: UnsafeRawBufferPointer(start: frame + FrameLayout.prefixCount, count: dataCount).bytes)
        connection.pointee.batchBytes += count
        connection.pointee.packetsReceived &+= 1
        connection.pointee.bytesReceived &+= UInt64(dataCount)
        counters.packetsReceived &+= 1
        counters.bytesReceived &+= UInt64(dataCount)
        if kind.isDisco { counters.discoPacketsReceived &+= 1 }

        let key = RouteKey(loading: frame + FrameLayout.keyOffset)
        if connection.pointee.remembered.version != table.version || connection.pointee.remembered.key != key {
            guard let route = table.active(key) else {
                undeliverable(connection, key, kind, .unknownDestination, dataCount)
                return
            }
            connection.pointee.remembered = Connection.RememberedRoute(
                key: key, id: route.id, network: route.network, version: table.version)
        }
        guard connection.pointee.remembered.network == connection.pointee.network else {
            undeliverable(connection, key, kind, .otherNetwork, dataCount)
            return
        }
        // The same length and the same place: only the type and the key change.
        frame.storeBytes(of: FrameLayout.receivedPacketType, as: UInt8.self)
        connection.pointee.routeKey.store(to: frame + FrameLayout.keyOffset)
        let id = connection.pointee.remembered.id
        connection.pointee.sentTo.count(count, for: id)
        send(connection, UnsafeRawBufferPointer(start: frame, count: count), kind, to: id)
    }

    /// Moves a packet of another relay's client on. Its header and source are written anew, a key further on.
    mutating func forwardPacket(_ connection: ConnectionPointer, _ frame: UnsafeMutableRawPointer, count: Int) {
        let dataCount = count - PacketLayout.forwardPrefixCount
        let kind = PacketKind(of: UnsafeRawBufferPointer(start: frame + PacketLayout.forwardPrefixCount, count: dataCount).bytes)
        counters.packetsForwardedIn &+= 1
        let source = RouteKey(loading: frame + FrameHeader.byteCount)
        let destination = RouteKey(loading: frame + FrameLayout.prefixCount)
        guard let route = table.active(destination), route.network == connection.pointee.network else {
            counters.drop(.unknownDestinationOnForward, kind, bytes: dataCount)
            return
        }
        let start = frame + NodeKey.byteCount
        start.storeBytes(of: FrameType.receivedPacket.rawValue, as: UInt8.self)
        start.storeBytes(of: UInt32(NodeKey.byteCount + dataCount).bigEndian, toByteOffset: 1, as: UInt32.self)
        source.store(to: start + FrameLayout.keyOffset)
        send(connection, UnsafeRawBufferPointer(start: start, count: count - NodeKey.byteCount), kind, to: route.id)
    }

    /// Takes what another shard has sent.
    mutating func receive(from source: Int, _ ring: PacketRing) {
        while let record = ring.next() {
            switch record.kind {
            case .disco, .other:
                let kind: PacketKind = record.kind == .disco ? .disco : .other
                if let connection = find(record.destination), connection.pointee.phase == .ready {
                    deliver(record.frame, from: record.source, kind, to: connection)
                    // A full ring holds more than a queue does.
                    flushBulky()
                } else {
                    follow(record.frame, from: record.source, kind, to: record.destination)
                }
            case .pause: pauseAsked(record.destination, by: record.source)
            case .resume: resumeAsked(record.destination, by: record.source)
            case .invite: invited(record.destination, by: record.source)
            case .come: leaving.append((record.destination, record.source))
            case .migrant: arrived(record)
            case .skip: break
            }
        }
        // Its pause must not come later than its permission to go on.
        if ringsOut[source]?.publish() == true { fabric.mailboxes[source].ring() }
        if ring.release() { fabric.mailboxes[source].ring() }
    }

    /// Shows the other shards what was sent to them, and wakes those that sleep.
    mutating func publish() {
        for index in ringsOut.indices {
            if let ring = ringsOut[index], ring.publish() { fabric.mailboxes[index].ring() }
        }
    }

    private mutating func send(
        _ connection: ConnectionPointer, _ frame: UnsafeRawBufferPointer, _ kind: PacketKind, to id: ConnectionID
    ) {
        let shard = id.shard
        guard shard != index else {
            if let destination = find(id), destination.pointee.phase == .ready {
                deliver(frame, from: connection.pointee.id, kind, to: destination)
            } else {
                follow(frame, from: connection.pointee.id, kind, to: id)
            }
            return
        }
        connection.pointee.remoteBytes &+= Int32(truncatingIfNeeded: frame.count + SendLane.packetCost)
        if connection.pointee.lastShard != shard {
            connection.pointee.lastShard = shard
            connection.pointee.ringMark = 0
            connection.pointee.previousRingMark = 0
        }
        let source = connection.pointee.id
        let isTaken = packetRings[shard]?._withUnsafeGuaranteedRef { ring in
            ring.append(kind.isDisco ? .disco : .other, to: id, from: source, frame)
        }
        if isTaken != true {
            counters.drop(.mailboxFull, kind, bytes: frame.count - FrameLayout.prefixCount)
        }
    }

    /// Queues a `receivedPacket` frame for a connection of this shard.
    mutating func deliver(
        _ frame: UnsafeRawBufferPointer, from source: ConnectionID, _ kind: PacketKind, to connection: ConnectionPointer
    ) {
        if connection.pointee.heardSources[source.slot & 3] != source { noteHeard(frame, from: source, by: connection) }
        connection.pointee.receivedFrom.count(frame.count, for: source)
        let before = connection.pointee.queue.dataByteCount
        var drops = SendLane.Drops()
        let isTaken = connection.pointee.queue.append(
            frame, from: source.rawValue, kind: kind, at: microseconds, pool: &pool, drops: &drops)
        if drops.packets > 0 || !isTaken {
            count(drops, .queueHead)
            if !isTaken { counters.drop(.queueTail, kind, bytes: frame.count - FrameLayout.prefixCount) }
            connection.pointee.packetsDropped &+= UInt64(drops.packets + (isTaken ? 0 : 1))
        }
        touch(connection)
        if connection.pointee.isBlocked {
            if connection.pointee.queue.shouldPause(source.rawValue) { askPause(of: source, for: connection) }
        } else if before < Self.bulkyCount, connection.pointee.queue.dataByteCount >= Self.bulkyCount {
            bulky.append(connection)
        }
    }

    mutating func count(_ drops: SendLane.Drops, _ reason: DropReason) {
        if drops.discoPackets > 0 { counters.drop(reason, .disco, packets: drops.discoPackets, bytes: drops.discoBytes) }
        if drops.otherPackets > 0 { counters.drop(reason, .other, packets: drops.otherPackets, bytes: drops.otherBytes) }
    }

    /// Drops a packet for a key that is not here for this sender. A path probe is worth an answer.
    private mutating func undeliverable(
        _ connection: ConnectionPointer, _ key: RouteKey, _ kind: PacketKind, _ reason: DropReason, _ dataCount: Int
    ) {
        counters.drop(reason, kind, bytes: dataCount)
        guard kind.isDisco, connection.pointee.machine.mayReportNotHere(at: now) else { return }
        writer.removeAll()
        ServerFrame.writePeerGone(key.nodeKey, .notHere, to: &writer)
        control(connection)
        counters.peerGoneNotHereFrames &+= 1
    }

    // MARK: - Back-pressure

    private mutating func askPause(of source: ConnectionID, for connection: ConnectionPointer) {
        connection.pointee.pausedSources.append(source)
        if source.shard == index {
            pauseAsked(source, by: connection.pointee.id)
        } else {
            // If the ring is full the source goes on and loses packets, until it is asked again.
            _ = ringsOut[source.shard]?.append(
                .pause, to: source, from: connection.pointee.id, UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// A destination cannot keep up with a source of this shard.
    private mutating func pauseAsked(_ source: ConnectionID, by destination: ConnectionID) {
        guard let connection = find(source), connection.pointee.stalledBy != destination else { return }
        connection.pointee.congestedBy = destination
        pauseIfCongested(connection)
    }

    /// Reads a source no further if nearly all of what it sends goes to a destination that cannot keep up.
    ///
    /// A source that talks to others as well goes on: what it sends to the slow one is dropped, and the others do not feel it.
    mutating func pauseIfCongested(_ connection: ConnectionPointer) {
        let destination = connection.pointee.congestedBy
        guard destination != .none, connection.pointee.congestedUntil == nil, connection.pointee.sentTo.winner == destination
        else {
            return
        }
        connection.pointee.congestedUntil = now + Self.longestPause
        counters.backPressurePauses &+= 1
        schedule(connection)
    }

    /// A destination has moved: its sources may go on.
    mutating func resumeSources(of connection: ConnectionPointer) {
        guard !connection.pointee.pausedSources.isEmpty else { return }
        for source in connection.pointee.pausedSources {
            if source.shard == index {
                resumeAsked(source, by: connection.pointee.id)
            } else {
                // If the ring is full the source's own timer ends its pause.
                _ = ringsOut[source.shard]?.append(
                    .resume, to: source, from: connection.pointee.id, UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
        connection.pointee.pausedSources.removeAll(keepingCapacity: true)
        connection.pointee.queue.sourcesResumed()
    }

    mutating func resumeAsked(_ source: ConnectionID, by destination: ConnectionID) {
        guard let connection = find(source) else { return }
        if connection.pointee.stalledBy == destination { connection.pointee.stalledBy = .none }
        guard connection.pointee.congestedBy == destination else { return }
        connection.pointee.congestedBy = .none
        connection.pointee.congestedUntil = nil
        wantRead(connection)
    }

    /// The destination has not moved for the longest pause: what it gets is dropped from here on, and the source's other peers go first.
    mutating func pauseEnded(_ connection: ConnectionPointer) {
        connection.pointee.congestedUntil = nil
        connection.pointee.stalledBy = connection.pointee.congestedBy
        connection.pointee.congestedBy = .none
        wantRead(connection)
    }
}

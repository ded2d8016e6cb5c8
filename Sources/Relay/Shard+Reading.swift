internal import DERP
internal import Glibc
internal import TLS
internal import Wire

extension Shard {
    /// Room that must be left in a ring before a source is read that last sent through it: what one read can bring, as small packets.
    private static let ringReserve = 128 << 10

    /// The longest login frame taken. The protocol allows 256 KiB, but clients send a few hundred bytes, and what strangers can make the
    /// relay hold before they are known must be little.
    private static let loginCount = 16 << 10

    /// Reads once from every connection that may have bytes.
    mutating func readConnections() {
        swap(&readList, &reading)
        isStarved = !reading.isEmpty
        for id in reading {
            guard let connection = find(id) else { continue }
            connection.pointee.isInReadList = false
            guard connection.pointee.mayRead else { continue }
            guard hasRingRoom(connection) else {
                // It comes first in the next round, or those before it would take all the room there is again.
                connection.pointee.isInReadList = true
                passedOver.append(id)
                continue
            }
            isStarved = false
            read(connection)
            flushBulky()
            if connection.pointee.phase != .closed { wantRead(connection) }
        }
        reading.removeAll(keepingCapacity: true)
        if !passedOver.isEmpty {
            readList.insert(contentsOf: passedOver, at: 0)
            passedOver.removeAll(keepingCapacity: true)
        }
        fabric.gauges[index].set(Int(truncatingIfNeeded: counters.bytesReceived &+ counters.bytesSent))
        if readList.isEmpty { isStarved = false }
    }

    /// Whether the shard that a source last sent to can take more from it.
    ///
    /// If not, what the source sends would only be dropped. Its bytes stay in its socket, where TCP slows the sender down.
    private func hasRingRoom(_ connection: ConnectionPointer) -> Bool {
        let last = connection.pointee.lastShard
        guard last >= 0, let ring = ringsOut[last] else { return true }
        if ring.isConsumed(upTo: connection.pointee.previousRingMark), ring.room(atLeast: Self.ringReserve) { return true }
        ring.awaitConsumer()
        fabric.mailboxes[last].ring()
        return ring.isConsumed(upTo: connection.pointee.previousRingMark) && ring.room(atLeast: Self.ringReserve)
    }

    private mutating func read(_ connection: ConnectionPointer) {
        let room = min(Self.readCount, connection.pointee.rate?.readableCount ?? Self.readCount)
        let target = connection.pointee.session == nil ? plaintext.baseAddress.map { $0 + Self.headroom } : ciphertext.baseAddress
        let count = Glibc.recv(connection.pointee.descriptor.number, target, room, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            readNothing(connection, count)
            return
        }
        if count < room, !connection.pointee.isEnding { connection.pointee.isReadable = false }
        guard connection.pointee.phase != .lingering else { return }
        guard let session = connection.pointee.session else {
            receive(connection, at: Self.headroom, count: count)
            return
        }
        decrypt(connection, session, UnsafeRawBufferPointer(rebasing: ciphertext[..<count]))
    }

    private mutating func readNothing(_ connection: ConnectionPointer, _ count: Int) {
        if count == 0 {
            close(connection, connection.pointee.phase == .lingering ? .shuttingDown : .closedByClient)
        } else if errno == EAGAIN || errno == EWOULDBLOCK {
            connection.pointee.isReadable = false
        } else if errno != EINTR {
            close(connection, .connectionFailed)
        }
    }

    private mutating func decrypt(_ connection: ConnectionPointer, _ session: TLSSession, _ bytes: UnsafeRawBufferPointer) {
        let buffer = UnsafeMutableRawBufferPointer(rebasing: plaintext[Self.headroom...])
        do {
            var reading = try session.receive(bytes, into: buffer)
            while true {
                sendOutput(connection)
                if reading.count > 0 { receive(connection, at: Self.headroom, count: reading.count) }
                guard connection.pointee.phase != .closed else { break }
                switch reading.outcome {
                case .wantsInput: return
                case .peerClosed:
                    close(connection, .closedByClient)
                    return
                case .hasMore: reading = try session.read(into: buffer)
                }
            }
            port.abandon()
        } catch {
            sendOutput(connection)
            port.abandon()
            close(connection, .tlsFailed)
        }
    }

    // MARK: - From plaintext to frames

    /// Takes plaintext that lies in `plaintext` from `offset` on: what is left of an earlier frame is put before it.
    mutating func receive(_ connection: ConnectionPointer, at offset: Int, count: Int) {
        guard let base = plaintext.baseAddress else { return }
        guard connection.pointee.isWebSocket else {
            receiveStream(connection, base + offset, room: offset, count: count)
            return
        }
        guard let decoded = decodeWebSocket(connection, base + offset, count) else { return }
        receiveStream(connection, base + offset, room: offset, count: decoded.count)
        if decoded.isClosed, connection.pointee.phase != .closed { close(connection, .closedByClient) }
    }

    /// Takes bytes of the DERP stream; in front of them is `room`.
    private mutating func receiveStream(
        _ connection: ConnectionPointer, _ bytes: UnsafeMutableRawPointer, room: Int, count: Int
    ) {
        var start = bytes
        var count = count
        guard count > 0 else { return }
        let held = connection.pointee.input.count
        let isIncomplete = connection.pointee.phase == .admission || isFrameIncomplete(connection, with: count)
        if held > 0 || isIncomplete {
            guard !isIncomplete, held <= room else {
                store(connection, UnsafeRawBufferPointer(start: start, count: count))
                if !isIncomplete, connection.pointee.phase != .closed { parseInput(connection) }
                return
            }
            start -= held
            count += held
            connection.pointee.input.copy(to: start)
            connection.pointee.input.release(to: &pool)
        }
        beginBatch(connection)
        let consumed = parse(connection, start, count)
        guard connection.pointee.phase != .closed else { return }
        store(connection, UnsafeRawBufferPointer(start: start + consumed, count: count - consumed))
        finishBatch(connection)
    }

    /// Whether the frame whose beginning is held lacks more than `count` bytes: then they are only stored, so that a frame that comes
    /// byte by byte is not copied each time.
    private func isFrameIncomplete(_ connection: ConnectionPointer, with count: Int) -> Bool {
        let held = connection.pointee.input.bytes
        guard !held.isEmpty else { return false }
        guard let header = FrameHeader(held.bytes) else { return held.count + count < FrameLayout.headerCount }
        return held.count + count < header.frameCount
    }

    private mutating func store(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) {
        if !connection.pointee.input.append(bytes, from: &pool) { close(connection, .limitReached) }
    }

    /// Parses what is held.
    mutating func parseInput(_ connection: ConnectionPointer) {
        guard let start = connection.pointee.input.start else { return }
        beginBatch(connection)
        let consumed = parse(connection, start, connection.pointee.input.count)
        guard connection.pointee.phase != .closed else { return }
        connection.pointee.input.remove(first: consumed, to: &pool)
        finishBatch(connection)
    }

    /// Takes the stream out of its WebSocket frames; nil when these were broken and the connection is over.
    private mutating func decodeWebSocket(
        _ connection: ConnectionPointer, _ start: UnsafeMutableRawPointer, _ count: Int
    ) -> WebSocketDecoder.Result? {
        guard case .webSocket(var decoder) = connection.pointee.framing else { return nil }
        writer.removeAll()
        let bytes = start.assumingMemoryBound(to: UInt8.self)
        do {
            let result = try decoder.decode(bytes, count: count, replies: &writer)
            connection.pointee.framing = .webSocket(decoder)
            reply(connection)
            return result
        } catch {
            WebSocketEncoder.writeClose(error.closeCode, to: &writer)
            reply(connection)
            close(connection, .badWebSocket)
            return nil
        }
    }

    /// Acts on the whole frames at `start`; answers how many bytes they take.
    private mutating func parse(_ connection: ConnectionPointer, _ start: UnsafeMutableRawPointer, _ count: Int) -> Int {
        var offset = 0
        while offset < count {
            if connection.pointee.skipCount > 0 {
                let skipped = min(connection.pointee.skipCount, count - offset)
                connection.pointee.skipCount -= skipped
                connection.pointee.batchBytes += skipped
                offset += skipped
                continue
            }
            guard count - offset >= FrameLayout.headerCount else { break }
            let frame = start + offset
            let rawType = frame.load(as: UInt8.self)
            let length = Int(UInt32(bigEndian: frame.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
            if connection.pointee.phase == .ready, rawType == FrameLayout.sendPacketType {
                guard length >= FrameLayout.keyCount, length <= FrameLayout.keyCount + FrameLayout.maximumPacketCount else {
                    close(connection, .badPacketSize)
                    return offset
                }
                guard count - offset >= FrameLayout.headerCount + length else { break }
                forward(connection, frame, count: FrameLayout.headerCount + length)
                offset += FrameLayout.headerCount + length
                continue
            }
            guard connection.pointee.phase != .login || length <= Self.loginCount else {
                close(connection, .badClientInfoSize)
                return offset
            }
            let header = FrameHeader(rawType: rawType, payloadCount: length)
            switch connection.pointee.machine.examine(header) {
            case .wait: return offset
            case .close(let reason):
                close(connection, reason)
                return offset
            case .skip:
                counters.unknownFrames &+= header.type == nil ? 1 : 0
                connection.pointee.skipCount = length
                connection.pointee.batchBytes += FrameLayout.headerCount
                offset += FrameLayout.headerCount
            case .take:
                guard count - offset >= header.frameCount else { return offset }
                connection.pointee.batchBytes += header.frameCount
                act(connection, on: header, frame)
                offset += header.frameCount
                guard connection.pointee.phase != .closed else { return offset }
            }
        }
        return offset
    }

    private func beginBatch(_ connection: ConnectionPointer) {
        connection.pointee.batchBytes = 0
    }

    /// After the frames of one read: who sent last takes the packets of its key, and who sent too much is not read for a while.
    private mutating func finishBatch(_ connection: ConnectionPointer) {
        let count = connection.pointee.batchBytes
        guard connection.pointee.phase == .ready, count > 0 else { return }
        if connection.pointee.isDuplicate, !connection.pointee.isActive, connection.pointee.takeovers.take(at: now) {
            takeOver(connection)
        }
        if let delay = connection.pointee.rate?.pay(count, at: now) {
            connection.pointee.rateLimitedUntil = now + delay
            counters.rateLimitPauses &+= 1
            schedule(connection)
        }
        let last = connection.pointee.lastShard
        if last >= 0, let ring = ringsOut[last] {
            connection.pointee.previousRingMark = connection.pointee.ringMark
            connection.pointee.ringMark = ring.position
        }
        pauseIfCongested(connection)
        if connection.pointee.remoteBytes >= Self.worthAMove { considerMove(connection) }
    }
}

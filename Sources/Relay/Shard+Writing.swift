internal import DERP
internal import Glibc
internal import TLS
internal import Wire

extension Shard {
    /// Bytes encrypted before they are given to the socket: a longer system call does not pay, and what the socket does not take can no
    /// longer be dropped.
    private static let outputCount = 64 << 10
    /// Plaintext of one record, and how many bytes of probes go before it.
    private static let recordCount = 16 << 10
    private static let discoShare = 4 << 10
    /// The relay's own frames that wait for one client at most. Others than these can be left out: the peers notice by themselves.
    private static let controlCount = 64 << 10

    // MARK: - Queueing the relay's own frames

    /// Queues the frames in `writer` before all packets.
    mutating func control(_ connection: ConnectionPointer) {
        guard connection.pointee.phase != .closed, connection.pointee.phase != .lingering else { return }
        let isWatcher = connection.pointee.isWatcher
        guard isWatcher || connection.pointee.queue.control.count + writer.count <= Self.controlCount else { return }
        let isTaken = writer.bytes.withUnsafeBytes { connection.pointee.queue.control.append($0, from: &pool) }
        guard isTaken else {
            // A relay that misses a change would be wrong for ever: it has to ask again.
            close(connection, .writeTimeout)
            return
        }
        touch(connection)
    }

    /// Queues the bytes in `writer` before everything else, without framing.
    mutating func reply(_ connection: ConnectionPointer) {
        guard writer.count > 0, connection.pointee.replies.count <= Self.controlCount else { return }
        _ = writer.bytes.withUnsafeBytes { connection.pointee.replies.append($0, from: &pool) }
        touch(connection)
    }

    // MARK: - Writing

    /// Writes to all connections that got something in this round.
    mutating func flushTouched() {
        var position = 0
        while position < touched.count {
            let connection = touched[position]
            position += 1
            connection.pointee.isTouched = false
            flush(connection)
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// Writes to the connections that got much from the last read, so that the next read finds room.
    mutating func flushBulky() {
        guard !bulky.isEmpty else { return }
        for connection in bulky { flush(connection) }
        bulky.removeAll(keepingCapacity: true)
    }

    /// Writes what waits for a connection, until nothing is left or the socket takes no more.
    private mutating func flush(_ connection: ConnectionPointer) {
        guard !connection.pointee.isBlocked, connection.pointee.phase != .closed else { return }
        if !connection.pointee.unsent.isEmpty {
            sendUnsent(connection)
            guard !connection.pointee.isBlocked, connection.pointee.phase != .closed else { return }
        }
        while !connection.pointee.replies.isEmpty || !connection.pointee.queue.isEmpty {
            guard encode(connection) else {
                close(connection, .tlsFailed)
                return
            }
            sendOutput(connection)
            guard !connection.pointee.isBlocked, connection.pointee.phase != .closed else { break }
        }
        if connection.pointee.queue.isRelaxed { resumeSources(of: connection) }
        if connection.pointee.isFlushed {
            connection.pointee.waitingSince = nil
            if isDraining, connection.pointee.phase == .ready || connection.pointee.phase == .login { linger(connection) }
        }
    }

    /// Encodes up to `outputCount` bytes of what waits; false when the TLS session failed.
    mutating func encode(_ connection: ConnectionPointer) -> Bool {
        var encoder = OutputEncoder(connection, clearOutput, count: clearOutputCount)
        var sampled: UInt32?
        var packets = 0
        var bytes = 0
        do {
            if !connection.pointee.replies.isEmpty {
                try encoder.add(connection.pointee.replies.bytes, isFramed: false)
                connection.pointee.replies.release(to: &pool)
            }
            if !connection.pointee.queue.control.isEmpty {
                let part = min(connection.pointee.queue.control.count, Self.controlCount)
                try encoder.add(UnsafeRawBufferPointer(rebasing: connection.pointee.queue.control.bytes[..<part]), isFramed: true)
                connection.pointee.queue.control.remove(first: part, to: &pool)
            }
            // A part may end inside a frame: then nothing else may follow it.
            while connection.pointee.queue.control.isEmpty, encoder.count < Self.outputCount {
                var isDone = true
                if let run = connection.pointee.queue.run(.disco, limit: Self.discoShare) {
                    try encoder.add(run.bytes, isFramed: true)
                    packets += run.packets
                    bytes += run.bytes.count
                    connection.pointee.queue.consume(.disco, run, pool: &pool)
                    isDone = false
                }
                if let run = connection.pointee.queue.run(.other, limit: Self.recordCount) {
                    try encoder.add(run.bytes, isFramed: true)
                    sampled = sampled ?? run.queuedAt
                    packets += run.packets
                    bytes += run.bytes.count
                    connection.pointee.queue.consume(.other, run, pool: &pool)
                    isDone = false
                }
                if isDone { break }
            }
            try encoder.finish()
        } catch {
            port.abandon()
            return false
        }
        clearOutputCount = encoder.clearCount
        if packets > 0 {
            let data = UInt64(bytes - packets * FrameLayout.prefixCount)
            connection.pointee.packetsSent &+= UInt64(packets)
            connection.pointee.bytesSent &+= data
            counters.packetsSent &+= UInt64(packets)
            counters.bytesSent &+= data
        }
        if let sampled { counters.sampleQueueTime(microseconds: Double(microseconds &- sampled)) }
        return true
    }

    /// Gives the session's output, or that of a connection without TLS, to the socket, or stores it behind what the socket did not take.
    mutating func sendOutput(_ connection: ConnectionPointer) {
        let isClear = connection.pointee.session == nil
        let output = isClear ? UnsafeRawBufferPointer(rebasing: clearOutput[..<clearOutputCount]) : port.output
        guard output.count > 0, let start = output.baseAddress else { return }
        var sent = 0
        if connection.pointee.unsent.isEmpty, !connection.pointee.isBlocked {
            sent = write(connection, start, output.count)
        }
        if sent >= 0, sent < output.count {
            let rest = UnsafeRawBufferPointer(rebasing: output[sent...])
            if !connection.pointee.unsent.append(rest, from: &pool) { sent = -1 }
        }
        if isClear { clearOutputCount = 0 } else { port.clearOutput() }
        if sent < 0 { close(connection, .connectionFailed) }
    }

    private mutating func sendUnsent(_ connection: ConnectionPointer) {
        guard let start = connection.pointee.unsent.start else { return }
        let sent = write(connection, UnsafeRawPointer(start), connection.pointee.unsent.count)
        guard sent >= 0 else {
            close(connection, .connectionFailed)
            return
        }
        connection.pointee.unsent.remove(first: sent, to: &pool)
    }

    /// Writes to the socket: the bytes it took, or −1 when the connection failed. If it took less than all, it is blocked from then on.
    private mutating func write(_ connection: ConnectionPointer, _ start: UnsafeRawPointer, _ count: Int) -> Int {
        var sent = 0
        while sent < count {
            let result = Glibc.send(
                connection.pointee.descriptor.number, start + sent, count - sent,
                Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            if result > 0 {
                sent += result
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                break
            } else if errno != EINTR {
                return -1
            }
        }
        if sent > 0 || connection.pointee.waitingSince == nil { connection.pointee.waitingSince = now }
        if sent < count {
            connection.pointee.isBlocked = true
            schedule(connection)
        } else {
            connection.pointee.waitingSince = nil
        }
        return sent
    }

    /// The last bytes of a connection that ends: what the relay itself has to say, then the end of TLS. What does not fit is left out.
    mutating func writeFarewell(_ connection: ConnectionPointer) {
        guard !connection.pointee.isBlocked, connection.pointee.unsent.isEmpty else { return }
        var encoder = OutputEncoder(connection, clearOutput, count: 0)
        do {
            if !connection.pointee.replies.isEmpty { try encoder.add(connection.pointee.replies.bytes, isFramed: false) }
            let control = connection.pointee.queue.control.bytes
            if control.count <= Self.controlCount { try encoder.add(control, isFramed: true) }
            try encoder.finish()
            connection.pointee.session?.closeNotify()
        } catch {
            port.abandon()
            return
        }
        let output =
            connection.pointee.session == nil
            ? UnsafeRawBufferPointer(rebasing: clearOutput[..<encoder.clearCount]) : port.output
        if let start = output.baseAddress, output.count > 0 {
            _ = Glibc.send(
                connection.pointee.descriptor.number, start, output.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        port.clearOutput()
    }
}

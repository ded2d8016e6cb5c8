internal import CLinux
internal import CryptoBox
internal import DERP
internal import Glibc
internal import Logging
internal import TLS
internal import Wire

extension Shard {
    /// Unsent bytes the kernel keeps for a connection: what is in its buffer can no longer be dropped, and only adds delay.
    private static let kernelQueueCount: Int32 = 128 << 10
    /// A connection whose peer acknowledges nothing for so long is dead.
    private static let acknowledgeMilliseconds: Int32 = 15_000

    /// What a WebSocket client is told when the relay ends (RFC 6455 §7.4.1).
    private static let goingAwayCode: UInt16 = 1001

    // MARK: - Beginning

    /// Takes over a connection from the HTTP front. Dropping the adoption closes it.
    mutating func adopt(_ adoption: Adoption) {
        guard !isDraining, fabric.takeConnection(maximum: limits.maximumConnections) else {
            counters.close(isDraining ? .shuttingDown : .limitReached)
            return
        }
        guard let descriptor = adoption.takeDescriptor(), let id = takeSlot() else {
            fabric.giveConnection()
            return
        }
        let number = descriptor.number
        prepareSocket(number)
        let jitter = Int64.random(in: 0...max(0, configuration.keepAliveJitter.nanoseconds), using: &random)
        let connection = ConnectionPointer.allocate(capacity: 1)
        connection.initialize(
            to: Connection(
                id: id, descriptor: descriptor, adoption: adoption, machine: ServerConnection(identity),
                loginDeadline: now + configuration.loginTimeout,
                keepAliveInterval: configuration.keepAliveInterval + .nanoseconds(jitter), at: now))
        connections[id.slot] = connection
        connection.pointee.session?.attach(to: port)
        counters.accepts &+= 1
        counters.webSocketAccepts &+= connection.pointee.isWebSocket ? 1 : 0
        counters.connections += 1
        guard causeway_watch_edges(epoll.number, number, id.rawValue) == 0 else {
            close(connection, .connectionFailed)
            return
        }
        schedule(connection)
        greet(connection, adoption)
    }

    private mutating func greet(_ connection: ConnectionPointer, _ adoption: Adoption) {
        writer.removeAll()
        writer.write(adoption.reply)
        reply(connection)
        writer.removeAll()
        ServerFrame.writeServerKey(identity.serverKey.publicKey, to: &writer)
        control(connection)
        // The front has read at most a little more than the request head.
        var rest = adoption.unread[...]
        while !rest.isEmpty, connection.pointee.phase != .closed {
            let part = rest.prefix(Self.readCount)
            rest = rest.dropFirst(part.count)
            UnsafeMutableRawBufferPointer(rebasing: plaintext[Self.headroom...]).copyBytes(from: part)
            receive(connection, at: Self.headroom, count: part.count)
        }
        wantRead(connection)
    }

    /// Options that only TCP sockets have; elsewhere they are refused, which does no harm.
    private func prepareSocket(_ number: Int32) {
        setOption(number, Int32(TCP_NODELAY), 1)
        setOption(number, Int32(TCP_NOTSENT_LOWAT), Self.kernelQueueCount)
        setOption(number, Int32(TCP_USER_TIMEOUT), Self.acknowledgeMilliseconds)
    }

    private func setOption(_ number: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(number, Int32(IPPROTO_TCP), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    // MARK: - Frames other than packets

    /// Acts on a whole frame that the connection's machine wants to see.
    mutating func act(_ connection: ConnectionPointer, on header: FrameHeader, _ frame: UnsafeMutableRawPointer) {
        let payload = UnsafeRawBufferPointer(start: frame + FrameHeader.byteCount, count: header.payloadCount)
        switch connection.pointee.machine.receive(header, payload: payload.bytes, at: now) {
        case .askAdmission(let login): askAdmission(connection, login)
        case .forward: forward(connection, frame, count: header.frameCount)
        case .forwardPacket: forwardPacket(connection, frame, count: header.frameCount)
        case .pong(let echo):
            counters.pings &+= 1
            counters.pongs &+= 1
            writer.removeAll()
            ServerFrame.writePong(echo, to: &writer)
            control(connection)
        case .dropPing: counters.pings &+= 1
        case .notePreferred(let isHome): homeNoted(connection, isHome)
        case .watchConnections: watch(connection)
        case .closePeer(let key): fabric.broadcast(.close(key, .closedByMesh))
        case .ignore: break
        case .close(let reason): close(connection, reason)
        }
    }

    private mutating func homeNoted(_ connection: ConnectionPointer, _ isHome: Bool) {
        guard connection.pointee.isHome != isHome else { return }
        connection.pointee.isHome = isHome
        if isHome { counters.homeMovesIn &+= 1 } else { counters.homeMovesOut &+= 1 }
        counters.homeConnections += isHome ? 1 : -1
    }

    // MARK: - Admission

    private mutating func askAdmission(_ connection: ConnectionPointer, _ login: ServerConnection.Login) {
        connection.pointee.phase = .admission
        connection.pointee.login = login
        connection.pointee.routeKey = RouteKey(login.key)
        connection.pointee.loginDeadline = now + configuration.admissionTimeout
        schedule(connection)
        let request = AdmissionRequest(
            key: login.key, source: connection.pointee.source.address.canonical, isMesh: login.isMeshPeer,
            isProber: login.info.isProber)
        admission.admit(request) { [mailbox, id = connection.pointee.id] decision in
            mailbox.post(.admission(id, decision))
        }
    }

    mutating func admissionDecided(_ id: ConnectionID, _ decision: AdmissionDecision) {
        guard let connection = find(id), connection.pointee.phase == .admission else { return }
        guard case .allow(let network) = decision else {
            close(connection, connection.pointee.machine.refuse())
            return
        }
        writer.removeAll()
        let info = ServerInfo(
            bytesPerSecond: limits.bytesPerSecond, burstBytes: limits.bytesPerSecond == 0 ? 0 : limits.burstBytes)
        guard connection.pointee.machine.admit(info, at: now, using: &random, to: &writer) else { return }
        control(connection)
        connection.pointee.phase = .ready
        connection.pointee.loginDeadline = nil
        // Left in place, it would wake the shard for each login that went well.
        timers.remove(id.slot)
        schedule(connection)
        connection.pointee.loginPlace = nil
        connection.pointee.network = network
        if !connection.pointee.isMeshPeer { connection.pointee.rate = RateAllowance(limits, at: now) }
        counters.logins &+= 1
        counters.clients += 1
        counters.notIdealConnections += connection.pointee.isNotIdeal ? 1 : 0
        log(connection, "client logged in")
        register(connection)
        parseInput(connection)
        if connection.pointee.phase != .closed { wantRead(connection) }
    }

    mutating func limitsChanged(_ limits: RelayLimits) {
        self.limits = limits
        for case let connection? in connections where connection.pointee.phase == .ready && !connection.pointee.isMeshPeer {
            connection.pointee.rate = RateAllowance(limits, at: now)
            connection.pointee.rateLimitedUntil = nil
            wantRead(connection)
        }
    }

    // MARK: - Deadlines

    mutating func checkDeadlines() {
        while let slot = timers.popExpired(at: now) {
            guard let connection = connections[slot], connection.pointee.phase != .closed else { continue }
            deadlineReached(connection)
            if connection.pointee.phase != .closed { schedule(connection) }
        }
    }

    private mutating func deadlineReached(_ connection: ConnectionPointer) {
        if let deadline = connection.pointee.loginDeadline, now >= deadline {
            close(connection, connection.pointee.phase == .admission ? .admissionTimeout : .loginTimeout)
            return
        }
        if let since = connection.pointee.waitingSince, now >= since + configuration.writeTimeout {
            counters.writeTimeouts &+= 1
            close(connection, .writeTimeout)
            return
        }
        if let until = connection.pointee.rateLimitedUntil, now >= until {
            connection.pointee.rateLimitedUntil = nil
            wantRead(connection)
        }
        if let until = connection.pointee.congestedUntil, now >= until { pauseEnded(connection) }
        if now >= connection.pointee.keepAliveDue {
            connection.pointee.keepAliveSent(at: now)
            guard connection.pointee.phase == .ready else { return }
            counters.keepAlives &+= 1
            writer.removeAll()
            ServerFrame.writeKeepAlive(to: &writer)
            control(connection)
        }
    }

    // MARK: - End

    /// Ends a connection: from here on nobody finds it. Its socket closes at the end of the round, when no TLS session is in work.
    mutating func close(_ connection: ConnectionPointer, _ reason: CloseReason) {
        let phase = connection.pointee.phase
        guard phase != .closed else { return }
        if phase == .ready { unregister(connection) }
        connection.pointee.phase = .closed
        connection.pointee.hasFailed = reason.isFailure
        connection.pointee.loginPlace = nil
        forgetListener(connection)
        counters.close(reason)
        counters.connections -= 1
        timers.remove(connection.pointee.id.slot)
        resumeSources(of: connection)
        graveyard.append(connection)
        log(connection, "connection closed", reason)
    }

    /// Closes all connections of a key.
    mutating func closeAll(_ key: NodeKey, _ reason: CloseReason) {
        for case let connection? in connections where connection.pointee.login?.key == key { close(connection, reason) }
    }

    /// Says good-bye to the connections that ended in this round, and gives their memory back.
    mutating func bury() {
        guard !graveyard.isEmpty else { return }
        // Who ended may have been noted down in this round; nothing may point at memory that is given back.
        touched.removeAll { $0.pointee.phase == .closed }
        bulky.removeAll { $0.pointee.phase == .closed }
        for connection in graveyard {
            writeFarewell(connection)
            connection.pointee.session?.detach()
            var drops = SendLane.Drops()
            connection.pointee.queue.dropAll(to: &pool, drops: &drops)
            count(drops, connection.pointee.hasFailed ? .writeError : .goneDisconnected)
            connection.pointee.input.release(to: &pool)
            connection.pointee.unsent.release(to: &pool)
            connection.pointee.replies.release(to: &pool)
            let id = connection.pointee.id
            connection.deinitialize(count: 1)
            connection.deallocate()
            giveSlot(id)
            fabric.giveConnection()
        }
        graveyard.removeAll(keepingCapacity: true)
    }

    // MARK: - Restart

    /// Tells every client that the relay is about to restart.
    mutating func announceRestart(reconnectIn delay: Duration, tryFor patience: Duration) {
        for case let connection? in connections where connection.pointee.phase == .ready {
            writer.removeAll()
            ServerFrame.writeRestarting(reconnectIn: delay, tryFor: patience, to: &writer)
            control(connection)
        }
    }

    mutating func beginDrain(until deadline: Instant, _ countdown: DrainCountdown) {
        finishDrain(isForced: true)
        isDraining = true
        drain = (deadline, countdown)
        for case let connection? in connections where connection.pointee.phase != .closed { touch(connection) }
    }

    /// Ends our side of a connection that has written everything, and waits for the client to end its own.
    ///
    /// Closing at once would reset the connection if the client has just sent something, and the reset could overtake our last bytes.
    mutating func linger(_ connection: ConnectionPointer) {
        if connection.pointee.phase == .ready { unregister(connection) }
        connection.pointee.phase = .lingering
        if connection.pointee.isWebSocket {
            writer.removeAll()
            WebSocketEncoder.writeClose(Self.goingAwayCode, to: &writer)
            _ = writer.bytes.withUnsafeBytes { connection.pointee.replies.append($0, from: &pool) }
            _ = encode(connection)
        }
        connection.pointee.session?.closeNotify()
        sendOutput(connection)
        shutdown(connection.pointee.descriptor.number, Int32(SHUT_WR))
        wantRead(connection)
    }

    /// Reports the drain as done when no connection is left, or when its time is up.
    mutating func finishDrain(isForced: Bool = false) {
        guard let current = drain else { return }
        if now >= current.deadline {
            for case let connection? in connections { close(connection, .shuttingDown) }
            bury()
        }
        guard counters.connections == 0 || isForced else { return }
        drain = nil
        current.countdown.shardDrained()
    }
}

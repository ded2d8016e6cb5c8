package import CryptoBox
package import Wire

extension ReceivedInitiation {
    /// Opens a whole initiation packet, to find out whose it is before there is a session to give it to.
    ///
    /// It costs one X25519 operation for what was not meant for `local`, two for what opens: the caller limits the rate.
    package init(packet: RawSpan, to local: NodePrivateKey) throws(HandshakeError) {
        guard packet.byteCount == Packet.initiationByteCount else { throw .malformed }
        try self.init(packet, at: Packet.initiationHeaderByteCount, to: local, prologue: Session.prologue)
    }
}

// The handshake of a session. Payloads: the initiation carries timestamp and index, the response an index.
extension Session {
    /// Takes an initiation that was opened already; see `receive`.
    package mutating func receive(
        _ initiation: ReceivedInitiation, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        guard initiation.peer == peer else {
            effects.append(.dropped(.wrongPeer))
            return
        }
        var reader = ByteReader(initiation.payload.bytes)
        guard let timestamp = try? reader.readUInt64(), let remoteIndex = try? reader.readUInt32() else {
            // Authentic, yet of another version of the protocol.
            effects.append(.dropped(.malformed))
            return
        }
        guard timestamp > peerTimestamp else {
            effects.append(.dropped(.staleInitiation))
            return
        }
        if let attempt, local.publicKey < peer, attempt.transmissionCount <= limits.defendedInitiations {
            effects.append(.dropped(.initiationCrossed))
            return
        }
        guard answeredInitiations.take(at: now) else {
            effects.append(.dropped(.tooManyInitiations))
            return
        }
        peerTimestamp = timestamp
        let localIndex = freshIndex(using: &random)
        var payload = ByteWriter(reservingCapacity: 4)
        payload.write(localIndex)
        do {
            let (message, result) = try initiation.respond(
                ephemeral: NodePrivateKey(using: &random), payload: payload.bytes)
            keys.installAsResponder(
                Transport(result, localIndex: localIndex, remoteIndex: remoteIndex, isInitiator: false, at: now))
            attempt = nil
            if !queue.isEmpty { confirmationDueAt = now + limits.confirmationWithin }
            var packet = ByteWriter(reservingCapacity: Packet.responseByteCount)
            Packet.response(receiver: remoteIndex).write(to: &packet)
            packet.write(message)
            effects.append(.transmit(packet.take()))
        } catch {
            effects.append(.dropped(.forged))
        }
    }

    mutating func receiveInitiation(
        _ bytes: RawSpan, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard openedInitiations.take(at: now) else {
            effects.append(.dropped(.tooManyInitiations))
            return
        }
        do {
            let initiation = try ReceivedInitiation(packet: bytes, to: local)
            receive(initiation, at: now, using: &random, effects: &effects)
        } catch {
            effects.append(.dropped(.forged))
        }
    }

    mutating func receiveResponse(_ bytes: RawSpan, receiver: UInt32, at now: Instant, effects: inout [Effect]) {
        guard let attempt, attempt.localIndex == receiver else {
            effects.append(.dropped(.unknownIndex))
            return
        }
        do {
            let result = try attempt.initiation.finish(bytes, at: Packet.responseHeaderByteCount)
            var reader = ByteReader(result.payload.bytes)
            guard let remoteIndex = try? reader.readUInt32() else {
                effects.append(.dropped(.malformed))
                return
            }
            keys.installAsInitiator(
                Transport(result, localIndex: receiver, remoteIndex: remoteIndex, isInitiator: true, at: now))
            keysChanged(isInitiator: true, at: now, effects: &effects)
        } catch {
            effects.append(.dropped(.forged))
        }
    }

    mutating func startHandshake(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        initiate(startedAt: now, transmissionCount: 1, at: now, using: &random, effects: &effects)
    }

    /// Sends a further initiation, a fresh one since the peer takes none twice, or gives up.
    mutating func retryHandshake(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard let attempt else { return }
        guard now - attempt.startedAt < limits.attemptTime else {
            self.attempt = nil
            effects += queue.takeAll().map { _ in .dropped(.handshakeFailed) }
            effects.append(.handshakeFailed)
            return
        }
        initiate(
            startedAt: attempt.startedAt, transmissionCount: attempt.transmissionCount + 1, at: now, using: &random,
            effects: &effects)
    }

    private mutating func initiate(
        startedAt: Instant, transmissionCount: Int, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [Effect]
    ) {
        lastTimestamp = max(lastTimestamp + 1, epoch &+ UInt64(clamping: now.nanoseconds))
        let localIndex = freshIndex(using: &random)
        var payload = ByteWriter(reservingCapacity: 12)
        payload.write(lastTimestamp)
        payload.write(localIndex)
        do {
            let initiation = try PendingInitiation(
                to: peer, from: local, ephemeral: NodePrivateKey(using: &random), prologue: Self.prologue,
                payload: payload.bytes)
            attempt = HandshakeAttempt(
                startedAt: startedAt, initiation: initiation, localIndex: localIndex,
                transmissionCount: transmissionCount,
                retryAt: now + retryInterval(after: transmissionCount, using: &random))
            var packet = ByteWriter(reservingCapacity: Packet.initiationByteCount)
            Packet.initiation.write(to: &packet)
            packet.write(initiation.message)
            effects.append(.transmit(packet.take()))
        } catch {
            // A peer key of low order: nobody has its private key, and no handshake can ever succeed.
            attempt = nil
            effects += queue.takeAll().map { _ in .dropped(.handshakeFailed) }
            effects.append(.handshakeFailed)
        }
    }

    private func retryInterval(after count: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(count - 1, 8)  // More than any first interval needs to reach the longest.
        let interval = min(limits.firstRetry * (1 << doublings), limits.longestRetry)
        return interval + interval * Double.random(in: 0..<1, using: &random) / 3
    }

    /// An index that no keys of this session have.
    private func freshIndex(using random: inout some RandomNumberGenerator) -> UInt32 {
        while true {
            let index: UInt32 = random.next()
            if !isAddressed(by: index) { return index }
        }
    }
}

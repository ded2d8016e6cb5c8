internal import CLinux
internal import Glibc
internal import Logging

extension Shard {
    /// Takes messages and packets so that a packet of another shard finds its sender's login known, and its end not yet.
    mutating func receive() {
        mailbox.take(into: &messages)
        for message in messages {
            if case .connected(let key, let registration) = message { connected(key, registration) }
        }
        for source in ringsIn.indices {
            if let ring = ringsIn[source] { receive(from: source, ring) }
        }
        guard !messages.isEmpty else { return }
        var batch: [ShardMessage] = []
        swap(&batch, &messages)
        for message in batch { act(on: message) }
        // A client that was let in has sent packets before.
        flushBulky()
        batch.removeAll(keepingCapacity: true)
        if messages.isEmpty { swap(&batch, &messages) }
    }

    private mutating func act(on message: ShardMessage) {
        switch message {
        case .adopt(let adoption): adopt(adoption)
        case .admission(let id, let decision): admissionDecided(id, decision)
        case .connected: break
        case .disconnected(let key, let id): disconnected(key, id)
        case .activated(let key, let id, let order): activated(key, id, order: order)
        case .moved(let key, let old, let new): table.rename(key, from: old, to: new)
        case .close(let key, let reason):
            cuts.note(key, reason, at: now)
            closeAll(key, reason)
        case .limits(let limits): limitsChanged(limits)
        case .serveSTUN(let setup): serveSTUN(setup)
        case .snapshot(let collector): collector.add(statistics())
        case .restarting(let delay, let patience): announceRestart(reconnectIn: delay, tryFor: patience)
        case .drain(let deadline, let countdown): beginDrain(until: deadline, countdown)
        case .stop: isStopped = true
        }
    }

    /// Answers what came after the end, so that nobody waits for ever.
    mutating func refuseMessages() {
        for message in messages {
            switch message {
            case .snapshot(let collector): collector.add(statistics())
            case .drain(_, let countdown): countdown.shardDrained()
            case .adopt, .admission, .connected, .disconnected, .activated, .moved, .close, .limits, .serveSTUN, .restarting,
                .stop:
                break
            }
        }
        messages = []
    }

    private mutating func serveSTUN(_ setup: STUNService.Setup) {
        guard let service = STUNService(setup, using: &random) else {
            logger.error("no memory for the STUN sockets")
            return
        }
        for socket in 0..<service.socketCount {
            let token = ConnectionID(shard: index, slot: socket + 1, generation: 0)
            if causeway_watch_input(epoll.number, service.descriptorNumber(socket), token.rawValue) != 0 {
                logger.error("a STUN socket cannot be watched", metadata: ["errno": "\(errno)"])
            }
        }
        stun = consume service
    }
}

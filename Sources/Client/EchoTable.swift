internal import Traversal
internal import Wire

/// Echo requests that wait for their replies, and who asked for them.
struct EchoTable {
    /// What a ping learns while it waits.
    enum Event: Equatable, Sendable {
        case reply(Origin, Duration)
        /// Traffic to the peer moved to a direct path, so that the next request is worth sending at once.
        case pathIsDirect
    }

    private struct Ping {
        let peer: NodeKey
        let events: AsyncStream<Event>.Continuation
    }

    private var pings: [UInt64: Ping] = [:]
    private var requests: [UInt64: (ping: UInt64, sentAt: Instant)] = [:]
    private var random = SystemRandomNumberGenerator()

    /// Begins a ping: its number, and what happens to it.
    mutating func begin(peer: NodeKey) -> (id: UInt64, events: AsyncStream<Event>) {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(64))
        let id = random.next()
        pings[id] = Ping(peer: peer, events: continuation)
        return (id, events)
    }

    mutating func end(_ id: UInt64) {
        pings.removeValue(forKey: id)?.events.finish()
        requests = requests.filter { $0.value.ping != id }
    }

    /// Notes a request that is about to be sent; the number goes into the message. Nil when the ping has ended.
    mutating func request(of ping: UInt64, at now: Instant) -> UInt64? {
        guard pings[ping] != nil else { return nil }
        let sequence = random.next()
        requests[sequence] = (ping, now)
        return sequence
    }

    /// Takes a reply. A second one to the same request, or one from another peer, is ignored.
    mutating func replyReceived(_ sequence: UInt64, from peer: NodeKey, _ origin: Origin, at now: Instant) {
        guard let request = requests[sequence], let ping = pings[request.ping], ping.peer == peer else { return }
        requests[sequence] = nil
        ping.events.yield(.reply(origin, now - request.sentAt))
    }

    func pathChanged(isDirect: Bool, peer: NodeKey) {
        guard isDirect else { return }
        for ping in pings.values where ping.peer == peer { ping.events.yield(.pathIsDirect) }
    }
}

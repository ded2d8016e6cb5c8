internal import Coordination
internal import NIOCore

extension CoordinationService {
    /// Opens the stream of a node's network: what it missed since `last`, or a snapshot, then every change.
    func openStream(
        of node: NodeID, since last: EventID?, close: @escaping @Sendable () -> Void
    ) throws -> PeerStream {
        try checkPhase()
        if let oldest = streams.oldest(of: node) {
            streams.close(oldest)
            streamEnded(oldest)
        }
        guard streams.count < maximumStreamCount else {
            throw Problem(.unavailable, detail: "There are \(maximumStreamCount) streams open.", retryAfterSeconds: 30)
        }
        let now = Self.now
        let (events, continuation) = AsyncStream<ByteBuffer>.makeStream(
            bufferingPolicy: .bufferingOldest(PeerStreams.waitingEvents))
        let (network, greeting) = try greeting(of: node, since: last)
        let id = streams.add(PeerStreams.Reader(node: node, network: network, continuation: continuation, close: close))
        var effects: [RegistryEffect] = []
        registry.connectionOpened(of: node, at: now, effects: &effects)
        apply(effects)
        return PeerStream(id: id, greeting: greeting, events: events, end: { continuation.finish() })
    }

    private func greeting(of node: NodeID, since last: EventID?) throws -> (NetworkID, PeerStream.Greeting) {
        do {
            let list = try registry.peers(of: node)
            if let last, let missed = try registry.events(for: node, since: last) { return (list.network.id, .resumed(missed)) }
            return (list.network.id, .snapshot(list))
        } catch {
            throw error.problem
        }
    }

    /// Shows both ends of every stream that it is alive; those without a reader end.
    func sendHeartbeat() {
        streams.sendHeartbeat()
        for id in streams.takeLost() { streamEnded(id) }
    }

    /// The reader of a stream has gone.
    func streamEnded(_ id: UInt64) {
        guard let node = streams.remove(id) else { return }
        var effects: [RegistryEffect] = []
        registry.connectionClosed(of: node, at: Self.now, effects: &effects)
        apply(effects)
    }
}

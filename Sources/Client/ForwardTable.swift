internal import NIOCore
internal import Wire

/// The near ends of forwards: which flow stands for which local application.
struct ForwardTable {
    /// Applications (local source addresses) that one forward serves at once. The one silent for longest makes room.
    static let maximumFlows = 1024
    /// A flow that was silent for so long is forgotten. Longer than what NATs give UDP, so that the path decides first.
    static let flowLifetime = Duration.seconds(300)

    private struct Flow {
        let forward: ObjectIdentifier
        let channel: any Channel
        let source: SocketAddress
        var lastUsed: Instant
    }

    private struct Address: Hashable {
        let forward: ObjectIdentifier
        let source: SocketAddress
    }

    private struct FlowKey: Hashable {
        let peer: NodeKey
        let flow: UInt32
    }

    private var flows: [FlowKey: Flow] = [:]
    private var numbers: [Address: FlowKey] = [:]
    /// Why forwards that are about to end do so.
    private var failures: [ObjectIdentifier: NodeFailure] = [:]
    private var random = SystemRandomNumberGenerator()

    var isEmpty: Bool { flows.isEmpty }

    /// The flow of a datagram that a local application at `source` sent into a forward's socket.
    mutating func flow(from source: SocketAddress, in channel: any Channel, to peer: NodeKey, at now: Instant) -> UInt32 {
        let address = Address(forward: ObjectIdentifier(channel), source: source)
        if let key = numbers[address], key.peer == peer {
            flows[key]?.lastUsed = now
            return key.flow
        }
        makeRoom(in: address.forward)
        let key = FlowKey(peer: peer, flow: random.next())
        flows[key] = Flow(forward: address.forward, channel: channel, source: source, lastUsed: now)
        numbers[address] = key
        return key.flow
    }

    /// Gives what the service answered to the application that asked.
    mutating func answerReceived(_ payload: [UInt8], on flow: UInt32, from peer: NodeKey, at now: Instant) {
        let key = FlowKey(peer: peer, flow: flow)
        guard let known = flows[key] else { return }
        flows[key]?.lastUsed = now
        known.channel.writeAndFlush(
            AddressedEnvelope(remoteAddress: known.source, data: ByteBuffer(bytes: payload)), promise: nil)
    }

    /// Notes that the peer does not allow a forward's port; gives the forward's socket, to be closed.
    mutating func refused(_ flow: UInt32, by peer: NodeKey, _ failure: NodeFailure) -> (any Channel)? {
        guard let known = flows[FlowKey(peer: peer, flow: flow)] else { return nil }
        failures[known.forward] = failure
        return known.channel
    }

    /// Forgets silent flows.
    mutating func sweep(at now: Instant) {
        for (key, flow) in flows where flow.lastUsed + Self.flowLifetime <= now { remove(key, flow) }
    }

    /// Forgets a forward that has ended; tells why, if it did not end by itself.
    @discardableResult
    mutating func removeAll(of channel: any Channel) -> NodeFailure? {
        for (key, flow) in flows where flow.forward == ObjectIdentifier(channel) { remove(key, flow) }
        return failures.removeValue(forKey: ObjectIdentifier(channel))
    }

    private mutating func makeRoom(in forward: ObjectIdentifier) {
        guard numbers.count >= Self.maximumFlows else { return }
        let own = flows.filter { $0.value.forward == forward }
        guard own.count >= Self.maximumFlows, let oldest = own.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else { return }
        remove(oldest.key, oldest.value)
    }

    private mutating func remove(_ key: FlowKey, _ flow: Flow) {
        flows[key] = nil
        numbers[Address(forward: flow.forward, source: flow.source)] = nil
    }
}

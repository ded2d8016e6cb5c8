internal import NIOCore
internal import Wire

/// The far ends of forwards: sockets that deliver peers' datagrams to the services that this node's owner allowed.
struct ServiceTable {
    /// Flows that one peer may have open at once. The one silent for longest makes room.
    static let maximumFlowsPerPeer = 256
    /// As for the near end.
    static let flowLifetime = ForwardTable.flowLifetime
    /// Datagrams that wait for the socket of a flow to open; more are dropped.
    private static let maximumWaiting = 16

    struct FlowKey: Hashable {
        let peer: NodeKey
        let flow: UInt32
        let port: UInt16
    }

    private enum Socket {
        case opening([[UInt8]])
        case open(any Channel)
    }

    private struct Flow {
        var socket: Socket
        var lastUsed: Instant
    }

    /// What to do with a datagram for a service.
    enum Delivery: Equatable {
        case delivered
        /// Open a socket to this target, then call `opened`.
        case open(Endpoint)
        /// Nobody allowed that port.
        case refused
    }

    let allowed: [AllowedPort]
    private let targets: [UInt16: Endpoint]
    private var flows: [FlowKey: Flow] = [:]

    init(_ allowed: [AllowedPort]) {
        self.allowed = allowed
        targets = Dictionary(
            allowed.compactMap { port in port.endpoint.map { (port.port, $0) } }, uniquingKeysWith: { _, last in last })
    }

    var isEmpty: Bool { flows.isEmpty }
    var count: Int { flows.count }

    /// Delivers a datagram, or keeps it until the flow's socket is open.
    mutating func deliver(_ payload: [UInt8], on key: FlowKey, at now: Instant) -> Delivery {
        guard let target = targets[key.port] else { return .refused }
        switch flows[key]?.socket {
        case .open(let channel) where channel.isActive:
            flows[key]?.lastUsed = now
            channel.writeAndFlush(ByteBuffer(bytes: payload), promise: nil)
            return .delivered
        case .opening(var waiting):
            if waiting.count < Self.maximumWaiting { waiting.append(payload) }
            flows[key] = Flow(socket: .opening(waiting), lastUsed: now)
            return .delivered
        case .open, nil:
            makeRoom(for: key.peer)
            flows[key] = Flow(socket: .opening([payload]), lastUsed: now)
            return .open(target)
        }
    }

    /// Takes the socket of a flow and sends what waited for it; answers false when the flow is gone meanwhile.
    mutating func opened(_ channel: any Channel, for key: FlowKey) -> Bool {
        guard case .opening(let waiting) = flows[key]?.socket else { return false }
        flows[key]?.socket = .open(channel)
        for payload in waiting { channel.write(ByteBuffer(bytes: payload), promise: nil) }
        channel.flush()
        return true
    }

    /// Notes that a service has answered.
    mutating func answered(_ key: FlowKey, at now: Instant) {
        flows[key]?.lastUsed = now
    }

    mutating func remove(_ key: FlowKey) {
        flows[key] = nil
    }

    /// Forgets silent flows and gives their sockets, to be closed.
    mutating func sweep(at now: Instant) -> [any Channel] {
        remove { $0.value.lastUsed + Self.flowLifetime <= now }
    }

    /// Forgets a peer's flows and gives their sockets, to be closed.
    mutating func removeAll(of peer: NodeKey) -> [any Channel] {
        remove { $0.key.peer == peer }
    }

    mutating func removeAll() -> [any Channel] {
        remove { _ in true }
    }

    private mutating func remove(where matches: ((key: FlowKey, value: Flow)) -> Bool) -> [any Channel] {
        var channels: [any Channel] = []
        for element in flows where matches((element.key, element.value)) {
            if case .open(let channel) = element.value.socket { channels.append(channel) }
            flows[element.key] = nil
        }
        return channels
    }

    private mutating func makeRoom(for peer: NodeKey) {
        let own = flows.filter { $0.key.peer == peer }
        guard own.count >= Self.maximumFlowsPerPeer, let oldest = own.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else {
            return
        }
        if case .open(let channel) = oldest.value.socket { channel.close(promise: nil) }
        flows[oldest.key] = nil
    }
}

internal import NIOCore
internal import PortMapping
internal import Traversal
internal import Wire

/// Speaks with the gateway of one address family, so that it lets packets to one port of ours in.
///
/// It lives on an event loop and has a socket and a timer of its own: nothing of it stands in the way of traffic.
actor GatewayLink {
    /// A gateway and the interface that leads to it.
    struct Way: Hashable, Sendable {
        var route: PortMapping.Route
        var interfaceIndex: UInt32
    }

    /// Gateways tell here that they were started anew (RFC 6886 §3.2.1, RFC 6887 §14.1), at 224.0.0.1 and ff02::1: every host
    /// belongs to these groups without joining.
    private static let announcementPort: UInt16 = 5350
    /// How far a search may go (UPnP Device Architecture 1.1 §1.3.2).
    private static let searchHopLimit: UInt8 = 2
    private static let requests = SocketID(0)
    private static let announcements = SocketID(1)

    private nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let report: @Sendable (GatewayReport) -> Void
    private var mapper: PortMapper
    private var way: Way?
    private var sockets: [SocketID: DirectSocket] = [:]
    private let buffer = ReceiveBuffer()
    private var timer = NodeTimer()
    private var random = SystemRandomNumberGenerator()
    private var isClosed = false
    private var closing: CheckedContinuation<Void, Never>?

    /// - Parameters:
    ///   - preferredPort: the external port of an earlier run, to be asked for again.
    ///   - report: called on the event loop whenever something else is known of the gateway.
    init(
        preferredPort: UInt16? = nil, on eventLoop: any EventLoop, report: @escaping @Sendable (GatewayReport) -> Void
    ) {
        self.eventLoop = eventLoop
        self.report = report
        mapper = PortMapper(preferredPort: preferredPort)
    }

    /// Asks this gateway from now on; nil without one.
    func setWay(_ way: Way?) {
        guard !isClosed else { return }
        if way?.route.local != self.way?.route.local || way?.interfaceIndex != self.way?.interfaceIndex {
            closeSockets()
            if let way { bindSockets(for: way) }
        }
        self.way = way
        var effects: [PortMapper.Effect] = []
        mapper.setRoute(way?.route, at: .now, using: &random, effects: &effects)
        carryOut(effects)
    }

    /// Makes sure of the mapping: after the machine has slept, or the network was away.
    func refresh() {
        act { mapper, now, random, effects in mapper.refresh(at: now, using: &random, effects: &effects) }
    }

    /// Removes the mapping, which takes a second at most, and ends.
    func close() async {
        guard !isClosed else { return }
        isClosed = true
        await withCheckedContinuation { continuation in
            closing = continuation
            act { mapper, now, _, effects in mapper.close(at: now, effects: &effects) }
        }
        timer.cancel()
        closeSockets()
    }

    // MARK: - Sockets

    private func bindSockets(for way: Way) {
        let local = way.route.local
        let wanted = WantedSocket(family: local.family, interfaceIndex: way.interfaceIndex)
        sockets[Self.requests] = bind(Self.requests, wanted, at: local, port: 0)
        sockets[Self.announcements] = bind(Self.announcements, wanted, at: nil, port: Self.announcementPort)
    }

    /// Binds a socket; nil where the system refuses: then the gateway is not asked, or its restarts are noticed later.
    private func bind(_ id: SocketID, _ wanted: WantedSocket, at address: IPAddress?, port: UInt16) -> DirectSocket? {
        try? DirectSocket(id, wanted, at: address, port: port, isShared: port != 0, buffer: buffer, on: eventLoop) { hasErrors in
            self.assumeIsolated { $0.read(id, hasErrors: hasErrors) }
        }
    }

    private func read(_ id: SocketID, hasErrors: Bool) {
        sockets[id]?.read(hasErrors: hasErrors) { input in
            guard case .datagram(let bytes, let path) = input else { return }
            act { mapper, now, random, effects in
                mapper.receive(bytes.readableBytesSpan, from: path.endpoint, at: now, using: &random, effects: &effects)
            }
        }
    }

    private func closeSockets() {
        for socket in sockets.values { socket.close() }
        sockets = [:]
    }

    // MARK: - The machine

    private func act(
        _ body: (inout PortMapper, Instant, inout SystemRandomNumberGenerator, inout [PortMapper.Effect]) -> Void
    ) {
        var effects: [PortMapper.Effect] = []
        body(&mapper, .now, &random, &effects)
        carryOut(effects)
    }

    private func carryOut(_ effects: [PortMapper.Effect]) {
        for effect in effects {
            switch effect {
            case .sendUDP(let bytes, let endpoint):
                // What cannot be sent is a question without an answer.
                try? sockets[Self.requests]?.send(bytes, to: endpoint)
            case .sendMulticast(let bytes, let endpoint):
                try? sockets[Self.requests]?.send(bytes, to: endpoint, timeToLive: Self.searchHopLimit)
            case .fetch(let request):
                GatewayExchange.run(request, from: way?.route.local, on: eventLoop) { answer in
                    self.assumeIsolated { link in
                        link.act { mapper, now, random, effects in
                            mapper.answered(request.id, with: answer, at: now, using: &random, effects: &effects)
                        }
                    }
                }
            case .mappingChanged: break  // The report that follows holds the mapping.
            case .note(let noted): report(noted)
            case .closed:
                closing?.resume()
                closing = nil
            }
        }
        armTimer()
    }

    private func armTimer() {
        guard let deadline = mapper.nextDeadline else { return timer.cancel() }
        timer.arm(for: deadline, on: eventLoop) {
            self.assumeIsolated { link in
                link.timer.fired()
                link.act { mapper, now, random, effects in
                    mapper.deadlineReached(at: now, using: &random, effects: &effects)
                }
            }
        }
    }
}

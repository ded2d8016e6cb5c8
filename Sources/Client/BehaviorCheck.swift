internal import NIOCore
internal import STUN
internal import Traversal
internal import Wire

/// Runs STUN's behaviour discovery from two fresh sockets of one family.
actor BehaviorCheck {
    /// How often the machine's deadlines are looked at: its waits are no shorter than some of these.
    private static let tick = Duration.milliseconds(20)
    private static let main = SocketID(0)
    private static let second = SocketID(1)

    private enum Event: Sendable {
        case datagram([UInt8], DirectPath)
        case tick
    }

    private nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private var sockets: [SocketID: DirectSocket] = [:]
    private let buffer = ReceiveBuffer()
    private var random = SystemRandomNumberGenerator()
    private var report: BehaviorReport?

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Asks `servers`, all of one family, and returns what came out; `address` is this machine's own, where it is known.
    func run(servers: [Endpoint], from address: IPAddress?) async throws -> BehaviorReport {
        guard let family = servers.first?.address.family else { return BehaviorReport() }
        let (events, source) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(256))
        defer {
            for socket in sockets.values { socket.close() }
        }
        for id in [Self.main, Self.second] {
            sockets[id] = try DirectSocket(id, WantedSocket(family: family), buffer: buffer, on: eventLoop) { hasErrors in
                self.assumeIsolated { $0.read(id, hasErrors: hasErrors, into: source) }
            }
        }
        let report = try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.tick)
                    source.yield(.tick)
                }
            }
            return try await discover(servers, address, events)
        }
        return report
    }

    private func read(_ id: SocketID, hasErrors: Bool, into events: AsyncStream<Event>.Continuation) {
        sockets[id]?.read(hasErrors: hasErrors) { input in
            guard case .datagram(let bytes, let path) = input else { return }
            events.yield(.datagram(Array(buffer: bytes), path))
        }
    }

    private func discover(_ servers: [Endpoint], _ address: IPAddress?, _ events: AsyncStream<Event>) async throws
        -> BehaviorReport
    {
        let port = sockets[Self.main]?.local.port ?? 0
        var effects: [BehaviorDiscovery.Effect] = []
        var discovery = BehaviorDiscovery(
            servers: servers, local: address.map { Endpoint($0, port) }, at: .now, using: &random, effects: &effects)
        carryOut(&effects)
        for await event in events {
            if let report { return report }
            let now = Instant.now
            switch event {
            case .datagram(let bytes, let path):
                _ = discovery.receive(
                    bytes.bytes, from: path.endpoint, on: path.socket == Self.main ? .main : .second, at: now, using: &random,
                    effects: &effects)
            case .tick:
                guard let deadline = discovery.nextDeadline, deadline <= now else { continue }
                discovery.deadlineReached(at: now, using: &random, effects: &effects)
            }
            carryOut(&effects)
        }
        throw CancellationError()
    }

    private func carryOut(_ effects: inout [BehaviorDiscovery.Effect]) {
        for effect in effects {
            switch effect {
            case .send(let bytes, let endpoint, let socket):
                // A request that cannot be sent is one without an answer.
                try? sockets[socket == .main ? Self.main : Self.second]?.send(bytes, to: endpoint)
            case .mapped: break
            case .finished(let report): self.report = report
            }
        }
        effects.removeAll()
    }
}

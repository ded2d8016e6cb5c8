internal import Coordination
internal import CryptoBox
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Traversal
internal import Wire

/// A node of a Causeway network in this process: it registers, holds the relay link, finds direct paths to its peers and carries
/// datagrams to them, encrypted end to end.
///
/// All state lives on one event loop, which is the actor's executor; callbacks of sockets run there too.
public actor LocalNode {
    nonisolated let eventLoop: any EventLoop
    nonisolated let options: NodeOptions
    nonisolated let log: Logger

    public nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// What is kept between runs.
    var state: NodeState
    /// What the join line brought: admits the node when the server does not know it.
    var joinKey: JoinKeySecret?
    var peers: [NodeKey: PeerSession] = [:]
    var relay = RelayLink()
    var coordination = CoordinationState()
    /// Has somebody look for a captive portal.
    var portalDoubt: AsyncStream<Void>.Continuation?
    var direct: DirectSide
    /// The gateways that are asked for port mappings, by address family.
    var gateways: [IPAddress.Family: GatewayLink] = [:]
    var echoes = EchoTable()
    var forwards = ForwardTable()
    var services: ServiceTable
    var timer = NodeTimer()
    /// Kept between calls for its capacity.
    var outputs: [PeerSession.Output] = []
    var onReady: (@Sendable (NodeStatus) -> Void)?

    private let stops: AsyncStream<StopReason>
    private let stopping: AsyncStream<StopReason>.Continuation

    /// Why `run` ends without an error.
    enum StopReason: Sendable {
        case stopped
        case left
    }

    /// Loads the node's state, or begins one with the join line. Nothing is sent before `run`.
    public init(_ options: NodeOptions) throws(NodeFailure) {
        self.options = options
        log = Logger(label: "causeway.node")
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        (stops, stopping) = AsyncStream.makeStream()
        // A machine with nothing but loopback can only have peers on itself.
        let isAlone = !NetworkInterface.all().contains { $0.role == .uplink && $0.addresses.contains { !$0.isLinkLocal } }
        direct = DirectSide(allowsLoopback: options.allowsLoopback || isAlone, searchesPorts: options.searchesPorts)
        for text in options.endpoints {
            guard let endpoint = Endpoint(text), endpoint.port != 0, endpoint.address.isUnicast else {
                throw NodeFailure(.invalidArgument, "\(text) is no place to be reached at: write ADDRESS:PORT")
            }
            direct.configured.append(endpoint)
        }
        services = ServiceTable(options.allowed)
        try options.state.create()
        (state, joinKey) = try NodeState.load(for: options)
    }

    /// Runs the node until it is stopped, has left, or cannot go on; `onReady` is called once, when peers can reach it.
    public func run(onReady: @escaping @Sendable (NodeStatus) -> Void = { _ in }) async throws {
        let lock = try options.state.lock()
        defer { lock.release() }
        self.onReady = onReady
        let control = try await ControlServer(path: try options.state.controlSocketPath(), on: eventLoop)
        await lookAtNetwork()
        let reason: StopReason
        do {
            reason = try await withThrowingTaskGroup(of: StopReason?.self) { group in
                group.addTask {
                    try await control.run { try await self.respond(to: $0, $1) }
                    return nil
                }
                group.addTask {
                    try await self.takePart()
                    return nil
                }
                group.addTask { [stops] in await stops.first { _ in true } }
                defer { group.cancelAll() }
                return try await group.next().flatMap { $0 } ?? .stopped
            }
        } catch {
            await close()
            throw error
        }
        await close()
        if reason == .left { options.state.erase() }
    }

    /// Ends `run` in order.
    public nonisolated func stop() {
        end(.stopped)
    }

    nonisolated func end(_ reason: StopReason) {
        stopping.yield(reason)
    }

    /// Leaves the network at the server, forgets the keys and ends `run`.
    public func leave() async throws {
        try await signOff()
        end(.left)
    }

    /// Leaves the network at the server.
    func signOff() async throws {
        guard let token = state.token else { throw NodeFailure(.failed, "this node has not joined a network yet") }
        let dialer = try ServerDialer(server: state.server, eventLoop: eventLoop)
        do {
            try await CoordinationLink(exchange: HTTPExchange(dialer: dialer)).leave(token: token)
        } catch let problem as Problem where problem.problemType == .unauthorized {
            // The server has forgotten this node already, which is what was wanted.
        } catch {
            throw dialer.explain(error)
        }
    }

    private func close() async {
        timer.cancel()
        for flow in services.removeAll() { flow.close(promise: nil) }
        await closeGateways()
        for socket in direct.sockets.values { socket.close() }
        direct.sockets.removeAll()
        direct.closeExtraSockets(Array(direct.extraSockets.keys))
    }
}

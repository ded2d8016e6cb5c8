internal import FoundationEssentials
internal import NIOCore
internal import NIOPosix

/// Talks to the node that runs on a state directory, from another process of the same user.
public struct NodeControl: Sendable {
    /// The longest reply line: the status of a network of some thousand peers.
    private static let maximumReplyByteCount = 16 << 20

    /// How long a node may take to end.
    private static let endTimeout = Duration.seconds(10)

    private let state: StateDirectory

    public init(state: StateDirectory) {
        self.state = state
    }

    /// Asks for the node's status.
    public func status() async throws -> NodeStatus {
        var answer: NodeStatus?
        try await exchange(.status) { if case .status(let status) = $0 { answer = status } }
        guard let answer else { throw Self.hungUp }
        return answer
    }

    /// Sends echo requests to a peer and reports every answer. Throws `timedOut` or `notDirect` when it was not enough.
    public func ping(_ request: PingRequest, report: (PingReply) -> Void) async throws {
        try await exchange(.ping(request)) { if case .pong(let reply) = $0 { report(reply) } }
    }

    /// Forwards datagrams until the task is cancelled; `report` gets the address that accepts them.
    public func forward(_ request: ForwardRequest, report: (String) -> Void) async throws {
        try await exchange(.forward(request)) { if case .listening(let endpoint) = $0 { report(endpoint) } }
    }

    /// Examines the network that the node is in.
    public func checkNetwork() async throws -> NetworkReport {
        var answer: NetworkReport?
        try await exchange(.checkNetwork) { if case .network(let report) = $0 { answer = report } }
        guard let answer else { throw Self.hungUp }
        return answer
    }

    /// Stops the node; it can be started again.
    public func stop() async throws {
        try await exchange(.stop) { _ in }
        try await waitForEnd()
    }

    /// Leaves the network for good, forgets the keys and stops the node.
    public func leave() async throws {
        try await exchange(.leave) { _ in }
        try await waitForEnd()
    }

    /// Waits until the node has let go of its folder, so that what follows finds it stopped.
    private func waitForEnd() async throws {
        do {
            try await withTimeout(Self.endTimeout) {
                while true {
                    if let lock = try? state.lock() { return lock.release() }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        } catch is TimeoutError {
            throw NodeFailure(.failed, "the node on \(state.path) has not ended yet: stop its process")
        }
    }

    private static var hungUp: NodeFailure { NodeFailure(.notRunning, "the node stopped before it answered: start it again") }

    /// Sends the request and takes replies until the node is done; throws the node's failure.
    private func exchange(_ request: ControlRequest, take: (ControlReply) -> Void) async throws {
        let path = try state.controlSocketPath()
        let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
                }
        } catch {
            throw NodeFailure(.notRunning, "no node runs on \(state.path): start one with `causeway up --state \(state.path)`")
        }
        try await connection.executeThenClose { inbound, outbound in
            var line = ByteBuffer(bytes: try JSONEncoder().encode(request))
            line.writeInteger(UInt8(ascii: "\n"))
            try await outbound.write(line)
            var splitter = LineSplitter(limit: Self.maximumReplyByteCount)
            for try await bytes in inbound {
                for line in try splitter.append(bytes.readableBytesView) {
                    switch try JSONDecoder().decode(ControlReply.self, from: Data(line)) {
                    case .done: return
                    case .failed(let failure): throw failure
                    case let reply: take(reply)
                    }
                }
            }
            throw Self.hungUp
        }
    }
}

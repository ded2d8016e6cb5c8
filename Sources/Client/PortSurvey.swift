internal import NIOCore
internal import STUN
internal import Traversal
internal import Wire

/// Asks one STUN server from several fresh sockets, one after the other, which ports they are mapped to.
actor PortSurvey {
    /// Sockets: enough that a random parity looks like a kept one in 1 of 256 cases.
    private static let count = 8
    /// An answer comes this soon or not at all.
    private static let patience = Duration.milliseconds(500)

    private nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private var sockets: [DirectSocket] = []
    private let buffer = ReceiveBuffer()
    private var random = SystemRandomNumberGenerator()

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// The ports, in the order of the requests; a request without an answer is left out.
    func run(_ server: Endpoint) async -> [PortPattern.Sample] {
        defer {
            for socket in sockets { socket.close() }
        }
        let (answers, source) = AsyncStream.makeStream(of: (SocketID, UInt16?).self)
        var answer = answers.makeAsyncIterator()
        var samples: [PortPattern.Sample] = []
        for number in 0..<Self.count {
            let id = SocketID(UInt16(number))
            let transaction = TransactionID(using: &random)
            // Without a socket, as without an answer, there are fewer samples.
            guard
                let socket = try? DirectSocket(
                    id, WantedSocket(family: server.address.family), buffer: buffer, on: eventLoop,
                    ready: { hasErrors in
                        self.assumeIsolated { $0.read(number, transaction, from: server, hasErrors: hasErrors, into: source) }
                    })
            else { break }
            sockets.append(socket)
            try? socket.send(BindingRequest(transactionID: transaction).encoded(), to: server)
            let timer = eventLoop.scheduleTask(in: TimeAmount(Self.patience)) { source.yield((id, nil)) }
            // Late answers belong to earlier sockets.
            while let (socketID, port) = await answer.next() {
                guard socketID == id else { continue }
                if let port { samples.append(PortPattern.Sample(local: socket.local.port, mapped: port)) }
                break
            }
            timer.cancel()
        }
        return samples
    }

    private func read(
        _ number: Int, _ transaction: TransactionID, from server: Endpoint, hasErrors: Bool,
        into answers: AsyncStream<(SocketID, UInt16?)>.Continuation
    ) {
        guard sockets.indices.contains(number) else { return }
        sockets[number].read(hasErrors: hasErrors) { input in
            // What does not parse is no answer of ours.
            guard case .datagram(let bytes, let path) = input, path.endpoint == server,
                let response = try? BindingResponse(parsing: bytes.readableBytesSpan), response.transactionID == transaction,
                case .mapped(let mapped) = response.result
            else { return }
            answers.yield((path.socket, mapped.port))
        }
    }
}

internal import STUN
internal import Wire

/// One look at how the sockets are mapped: a binding request from each socket to several servers.
struct BindingRound: Sendable {
    /// Servers asked from one socket: two addresses tell whether mappings depend on the destination, a third how ports are
    /// handed out.
    static let serversPerSocket = 3
    /// Requests of one round, whatever the number of sockets.
    static let maximumRequests = 32

    struct Request: Sendable {
        let socket: SocketID
        let server: Endpoint
        let binding: BindingRequest
        let sentAt: Instant
        var timer: Transaction
    }

    struct Answer: Sendable, Equatable {
        let socket: SocketID
        let server: Endpoint
        let mapped: Endpoint
        /// Nil when the request was repeated: nobody knows which one was answered.
        let latency: Duration?
        let otherAddress: Endpoint?
    }

    private var requests: [Request] = []

    /// Whether every request was answered or given up.
    var isOver: Bool { requests.isEmpty }

    var nextDeadline: Instant? { requests.lazy.map(\.timer.deadline).min() }

    /// Asks `server` from `socket`, unless the round has asked it already.
    mutating func ask(
        _ server: Endpoint, over socket: SocketID, at now: Instant, using random: inout some RandomNumberGenerator,
        effects: inout [LocalAgent.Effect]
    ) {
        guard requests.count < Self.maximumRequests,
            !requests.contains(where: { $0.server == server && $0.socket == socket })
        else { return }
        let binding = BindingRequest(transactionID: TransactionID(using: &random))
        requests.append(
            Request(socket: socket, server: server, binding: binding, sentAt: now, timer: Transaction(.probing, at: now)))
        effects.append(.sendSTUN(binding.encoded(), to: server, over: socket))
    }

    /// Takes a datagram; nil when it answers no request of this round.
    mutating func receive(_ bytes: RawSpan, from source: Endpoint, over socket: SocketID, at now: Instant) -> Answer? {
        // What does not parse is no answer of ours.
        guard let response = try? BindingResponse(parsing: bytes),
            let index = requests.firstIndex(where: {
                $0.binding.transactionID == response.transactionID && $0.server == source && $0.socket == socket
            })
        else { return nil }
        let request = requests.remove(at: index)
        guard case .mapped(let mapped) = response.result else { return nil }
        return Answer(
            socket: socket, server: source, mapped: Endpoint(mapped.address.canonical, mapped.port),
            latency: request.timer.transmissionCount == 1 ? now - request.sentAt : nil,
            otherAddress: response.otherAddress)
    }

    /// Repeats what got no answer yet, drops what waited long enough.
    mutating func deadlineReached(at now: Instant, effects: inout [LocalAgent.Effect]) {
        for index in requests.indices.reversed() {
            switch requests[index].timer.deadlineReached(at: now) {
            case .wait: break
            case .transmit:
                let request = requests[index]
                effects.append(.sendSTUN(request.binding.encoded(), to: request.server, over: request.socket))
            case .giveUp: requests.remove(at: index)
            }
        }
    }
}

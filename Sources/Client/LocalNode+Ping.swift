internal import Coordination
internal import Traversal
internal import Wire

extension LocalNode {
    /// Between two requests to a peer.
    private static let pingInterval = Duration.seconds(1)
    /// Between two requests while our side of the path is direct and the peer's is about to follow.
    private static let hastyInterval = Duration.milliseconds(100)

    /// Sends echo requests inside the encrypted session, one a second, and reports every answer with the way it came.
    ///
    /// Ends after `count` answers, with `untilDirect` at the first one that came directly, or when the time is over: then it throws
    /// `timedOut` when there was no answer at all, and with `untilDirect` `notDirect` when none came directly.
    public func ping(_ request: PingRequest, report: @Sendable (PingReply) async throws -> Void) async throws {
        let session = try find(request.peer)
        guard request.timeout > 0, request.timeout.isFinite, request.count ?? 1 > 0 else {
            throw NodeFailure(.invalidArgument, "a ping needs a positive count and time")
        }
        let peer = session.peer
        let (id, events) = echoes.begin(peer: peer.nodeKey)
        defer { echoes.end(id) }
        if request.untilDirect {
            session.retry(at: .now)
            armTimer(for: session.nextDeadline)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                var rest = request.count ?? .max
                while rest > 0 {
                    await self.sendEcho(of: id, to: peer.nodeKey)
                    rest -= 1
                    try await Task.sleep(for: Self.pingInterval)
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(request.timeout))
                await self.endPing(id)
            }
            var answers = 0
            for await event in events {
                switch event {
                case .reply(let origin, let latency):
                    answers += 1
                    let reply = PingReply(peer: peer.name, sequence: UInt64(answers), origin, latency)
                    try await report(reply)
                    if request.untilDirect ? reply.isDirect : answers == request.count { return }
                    if request.untilDirect, peers[peer.nodeKey]?.path.isDirect == true {
                        group.addTask {
                            try await Task.sleep(for: Self.hastyInterval)
                            await self.sendEcho(of: id, to: peer.nodeKey)
                        }
                    }
                case .pathIsDirect:
                    if request.untilDirect, answers > 0 { sendEcho(of: id, to: peer.nodeKey) }
                }
            }
            try Task.checkCancellation()
            try fail(request, peer.name, answers: answers, why: peers[peer.nodeKey].map { why($0).sentence })
        }
    }

    private func sendEcho(of ping: UInt64, to peer: NodeKey) {
        // A peer that has left meanwhile gives no answer.
        guard let session = peers[peer] else { return }
        let now = Instant.now
        guard let sequence = echoes.request(of: ping, at: now) else { return }
        act(on: session) { $0.send(.echoRequest(sequence: sequence), at: now, outputs: &$1) }
    }

    private func endPing(_ id: UInt64) {
        echoes.end(id)
    }

    private func fail(_ request: PingRequest, _ name: String, answers: Int, why: String?) throws(NodeFailure) {
        let why = why.map { ": \($0)" } ?? ""
        guard answers > 0 else {
            throw NodeFailure(
                .timedOut,
                "no answer from \(name) in \(Int(request.timeout)) s\(why); check that it runs there (`causeway status`)")
        }
        guard request.untilDirect else { return }
        throw NodeFailure(.notDirect, "\(name) answers by relay only\(why)")
    }
}

extension PingReply {
    init(peer: String, sequence: UInt64, _ origin: Origin, _ latency: Duration) {
        self.peer = peer
        self.sequence = sequence
        milliseconds = latency.inMilliseconds
        switch origin {
        case .relay:
            path = "relay"
        case .direct(let direct):
            path = "direct"
            endpoint = direct.endpoint.description
        }
    }
}

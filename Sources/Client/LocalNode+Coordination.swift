internal import Coordination
internal import CryptoBox
internal import Logging
internal import NIOCore
internal import Traversal
internal import Wire

/// What the node knows of the coordination server and has told it.
struct CoordinationState {
    /// Who the server is and what it offers; nil until the first answer.
    var server: ServerDescription?
    /// Has the server asked again what it offers.
    var describe: AsyncStream<Void>.Continuation?
    /// The address by which the server was reached last.
    var reachedAddress: IPAddress?
    var network: NetworkReference?
    /// The number of the last event taken, to resume from.
    var lastEvent: String?
    /// Whether the stream of peers is open.
    var isStreaming = false
    /// Whether a list of peers has come since the start.
    var hasPeers = false
    /// The nodes in `peers` by their numbers.
    var nodeKeys: [NodeID: NodeKey] = [:]
    /// What is wrong with the stream or with what it tells, in one sentence.
    var problem: String?
    /// Ends the stream, to open it again from where the machine is now.
    var restartStream: AsyncStream<Void>.Continuation?
    /// The last published sequence number.
    var sequence: Int64 = 0
    /// Wakes the publisher.
    let publish: AsyncStream<Void>.Continuation
    let publications: AsyncStream<Void>

    init() {
        (publications, publish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }
}

extension LocalNode {
    /// Changes that come together are published together.
    private static let publicationDelay = Duration.milliseconds(30)

    /// Joins, then takes part in the network until cancelled. Throws when the server refuses the node for good.
    func takePart() async throws {
        let dialer = try ServerDialer(server: state.server, eventLoop: eventLoop)
        let link = CoordinationLink(exchange: HTTPExchange(dialer: dialer))
        let server = try await join(link, dialer)
        guard !server.relays.isEmpty else {
            throw NodeFailure(.refused, "\(state.server.url) offers no relay: switch it on in its configuration")
        }
        coordination.server = server
        learnServerAddress(IPAddress(state.server.host))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.keepRelay(dialer) }
            group.addTask { try await self.keepDescribing(link) }
            group.addTask { try await self.keepWatching(link, dialer) }
            group.addTask { try await self.keepPublishing(link, dialer) }
            group.addTask { try await self.watchNetwork() }
            group.addTask { try await self.watchSleep() }
            group.addTask { try await self.watchPortal() }
            // The first that fails ends the others.
            for try await _ in group {}
        }
    }

    // MARK: - Joining

    /// Attempts at a first join, where somebody waits for the answer: one connection that breaks off is no verdict.
    private static let firstJoinAttempts = 3

    /// Registers where that is needed and asks what the server offers. A node that has joined before waits for its server.
    private func join(_ link: CoordinationLink, _ dialer: ServerDialer) async throws -> ServerDescription {
        var backoff = Backoff()
        var random = SystemRandomNumberGenerator()
        let isFirst = state.token == nil
        var attempts = 0
        while true {
            attempts += 1
            do {
                if state.token == nil { try await register(link) }
                let server = try await link.describeServer()
                guard state.server.key == server.publicKey.description else {
                    throw NodeFailure(
                        .refused,
                        "the server shows another key than the one this node joined: if that is right, join with a new line")
                }
                return server
            } catch {
                try Task.checkCancellation()
                let failure = explain(error, dialer)
                let isLast = isFirst && attempts >= Self.firstJoinAttempts
                guard !isLast, let failure = failure as? NodeFailure, failure.kind == .unreachable else { throw failure }
                // At a first join the last attempt's error is told, and nothing before it.
                log.log(level: isFirst ? .info : .warning, "waiting for the server", metadata: ["reason": "\(failure)"])
                try await Task.sleep(for: backoff.next(using: &random))
            }
        }
    }

    /// Gets a token, without the join key if the server knows this node, else with it.
    private func register(_ link: CoordinationLink) async throws {
        let (response, serverKey) = try await answer(to: link)
        state.token = response.token
        state.name = response.node.name
        state.network = response.network.name
        coordination.network = response.network
        coordination.sequence = 0
        coordination.lastEvent = nil
        state.server.key = serverKey.description
        try options.state.save(state)
        log.info("registered", metadata: ["name": "\(state.name)", "network": "\(state.network)"])
    }

    private func answer(to link: CoordinationLink) async throws -> (RegistrationResponse, NodeKey) {
        // A name that the user gave to a node that has one replaces it.
        let isRenaming = options.name != nil && state.server.key != nil
        guard let joinKey else { return try await link.register(state, joinKey: nil, exactName: isRenaming) }
        do {
            return try await link.register(state, joinKey: joinKey, exactName: isRenaming)
        } catch let problem as Problem where problem.problemType == .joinKeyUsed {
            // By this node, if the server knows it: then it needs no key.
            guard let answer = try? await link.register(state, joinKey: nil, exactName: isRenaming) else { throw problem }
            return answer
        }
    }

    // MARK: - Peers

    /// Follows the network's nodes; takes a new token when the old one is refused.
    private func keepWatching(_ link: CoordinationLink, _ dialer: ServerDialer) async throws {
        var backoff = Backoff()
        var random = SystemRandomNumberGenerator()
        while true {
            do {
                guard let token = state.token else {
                    try await registerAgain(link)
                    publish()
                    continue
                }
                try await watch(link, token)
                backoff.reset()
            } catch let problem as Problem where problem.problemType == .unauthorized {
                log.info("the token is refused; registering again")
                state.token = nil
                coordination.isStreaming = false
                continue
            } catch {
                try Task.checkCancellation()
                let failure = explain(error, dialer)
                if let failure = failure as? NodeFailure, failure.kind == .refused { throw failure }
                if coordination.isStreaming { backoff.reset() }
                coordination.problem = "\(failure)"
                log.info("the stream of peers broke off", metadata: ["reason": "\(failure)"])
            }
            try Task.checkCancellation()
            coordination.isStreaming = false
            try await Task.sleep(for: backoff.next(using: &random))
        }
    }

    /// Registers a node that has taken part already: without success it was removed, or has expired.
    private func registerAgain(_ link: CoordinationLink) async throws {
        do {
            try await register(link)
        } catch let problem as Problem {
            guard case .refused = problem.failure.kind else { throw problem }
            throw NodeFailure(
                .refused,
                "\(state.server.url) does not know this node any more: ask for a new line and run `causeway up 'LINE'` (\(problem.title))"
            )
        }
    }

    /// Follows the stream until it ends or the network changes.
    private func watch(_ link: CoordinationLink, _ token: BearerToken) async throws {
        let (restarts, restart) = AsyncStream.makeStream(of: Void.self)
        coordination.restartStream = restart
        defer { coordination.restartStream = nil }
        let last = coordination.lastEvent
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await link.watch(token: token, after: last) { event, id in
                    await self.take(event, id: id)
                }
            }
            group.addTask { await restarts.first { _ in true } }
            try await group.next()
        }
    }

    // MARK: - Publishing

    /// Has our candidates and paths published soon.
    func publish() {
        coordination.publish.yield()
    }

    private func keepPublishing(_ link: CoordinationLink, _ dialer: ServerDialer) async throws {
        var random = SystemRandomNumberGenerator()
        for await _ in coordination.publications {
            var backoff = Backoff()
            try await Task.sleep(for: Self.publicationDelay)
            // Without a token the stream's loop registers anew and has us publish again.
            while let token = state.token {
                do {
                    try await link.publish(nextUpdate(), token: token)
                    break
                } catch let problem as Problem where problem.problemType == .sequenceStale {
                    // A clock that went backwards, or a copy of this state that runs elsewhere: go on well above.
                    coordination.sequence += 1 << 36
                } catch let problem as Problem where problem.problemType == .unauthorized {
                    break
                } catch {
                    try Task.checkCancellation()
                    let failure = explain(error, dialer)
                    log.info("candidates not published", metadata: ["reason": "\(failure)"])
                    if let failure = failure as? NodeFailure, failure.kind == .refused { break }
                    try await Task.sleep(for: backoff.next(using: &random))
                }
            }
        }
    }

    /// All that is published, under a number that rises through restarts too: milliseconds since 1970.
    private func nextUpdate() -> CandidateUpdate {
        let clock = WallClock.milliseconds
        coordination.sequence = max(clock, coordination.sequence + 1)
        let description = direct.agent.description
        let candidates = description.candidates.compactMap(\.published)
        return CandidateUpdate(
            sequence: coordination.sequence, candidates: Array(candidates.prefix(64)),
            homeRelay: coordination.server?.relays.first?.id,
            nat: natReport,
            paths: peers.values.filter(\.isUsed).prefix(256).map { $0.report(why($0)) })
    }

    private func explain(_ error: any Error, _ dialer: ServerDialer) -> any Error {
        if let problem = error as? Problem { return problem.failure }
        return dialer.explain(error)
    }
}

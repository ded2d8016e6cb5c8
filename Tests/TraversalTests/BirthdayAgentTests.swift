import Disco
import Testing
import Wire

@testable import Traversal

/// The path agent's effects where ports have to be guessed.
@Suite struct BirthdayAgentTests {
    private let key: NodeKey
    private let socket = LocalSocket(id: SocketID(1), family: .ipv4, port: 4000)
    private let mapped = Endpoint(IPAddress(203, 0, 113, 1), 5000)
    private let peerMapped = Endpoint(IPAddress(203, 0, 113, 2), 7000)
    private let sockets = (10..<18).map { SocketID($0) }
    private let easy = NATBehavior(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    private let hard = NATBehavior(
        mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, allocation: .random)
    private var random = SeededGenerator(1)

    init() throws {
        key = try #require(NodeKey([UInt8](repeating: 7, count: 32)))
    }

    private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func local(_ behavior: NATBehavior, confirmedAt: Instant = .zero) -> LocalDescription {
        LocalDescription(
            sockets: [socket], candidates: [Candidate(.serverReflexive, mapped)], behavior: behavior, confirmedAt: confirmedAt)
    }

    /// An agent that has just got the peer's call-me-maybe, and what it wants.
    private mutating func agent(
        _ behavior: NATBehavior, peer: NATBehavior, isExhaustive: Bool = false
    ) -> (PathAgent, plan: BirthdayPlan?) {
        var effects: [PathAgent.Effect] = []
        let configuration = PathAgent.Configuration(birthdaySockets: sockets.count, isExhaustive: isExhaustive)
        var agent = PathAgent(localNode: key, configuration: configuration, at: .zero)
        agent.setLocal(local(behavior), at: .zero, effects: &effects)
        agent.setRemoteCandidates([Candidate(.serverReflexive, peerMapped)], behavior: peer, at: .zero)
        _ = agent.trafficSent(100, at: time(0))
        agent.receive(.callMeMaybe(CallMeMaybe(endpoints: [peerMapped])), from: .relay, at: time(0), effects: &effects)
        effects += advance(&agent, to: time(0))
        return (agent, effects.compactMap { if case .beginBirthday(let plan) = $0 { plan } else { nil } }.first)
    }

    private mutating func advance(_ agent: inout PathAgent, to now: Instant) -> [PathAgent.Effect] {
        var taken: [PathAgent.Effect] = []
        while let deadline = agent.nextDeadline, deadline <= now {
            agent.deadlineReached(at: max(deadline, .zero), using: &random, effects: &taken)
        }
        return taken
    }

    private func pings(_ effects: [PathAgent.Effect]) -> [(id: TransactionID, path: DirectPath, timeToLive: UInt8?)] {
        effects.compactMap {
            guard case .sendDirect(.ping(let ping), let path, let timeToLive) = $0 else { return nil }
            return (ping.transactionID, path, timeToLive)
        }
    }

    @Test mutating func theHardSideOpensSocketsAndWritesToThePeersMapping() throws {
        var (agent, plan) = agent(hard, peer: easy)
        let wanted = try #require(plan)
        #expect(wanted.role == .opener)
        #expect(wanted.socketCount == 8)
        #expect(wanted.target == peerMapped.address)
        #expect(wanted.model == socket.id)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        let sent = pings(advance(&agent, to: time(100))).filter { $0.path.socket != socket.id }
        #expect(sent.map(\.path) == sockets.map { DirectPath(socket: $0, endpoint: peerMapped) })
        #expect(sent.allSatisfy { $0.timeToLive == 2 })
        #expect(agent.explanation == .guessing(probes: 8, odds: nil))
        #expect(agent.statistics.birthdayPingsSent == 8)
        #expect(agent.statistics.birthdayAttempts == 1)
    }

    @Test mutating func theSocketThatIsReachedStaysAndTheOthersAreClosedAtOnce() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        _ = advance(&agent, to: time(100))
        let path = DirectPath(socket: sockets[3], endpoint: peerMapped)
        agent.receive(
            .ping(Ping(transactionID: TransactionID(using: &random), nodeKey: key)), from: .direct(path), at: time(200),
            effects: &effects)
        let answer = try #require(pings(advance(&agent, to: time(200))).first { $0.path == path })
        #expect(answer.timeToLive == nil)
        effects = []
        agent.receive(
            .pong(Pong(transactionID: answer.id, source: mapped)), from: .direct(path), at: time(220), effects: &effects)
        #expect(effects.contains(.closeSockets(sockets.filter { $0 != sockets[3] })))
        #expect(effects.contains(.endBirthday(try #require(plan), isAnswered: true)))
        #expect(agent.path.isDirect)
        effects = []
        agent.close(at: time(300), effects: &effects)
        #expect(effects == [.closeSockets([sockets[3]])])
    }

    @Test mutating func theEasySideGuessesFromItsSocket() throws {
        var (agent, plan) = agent(easy, peer: hard)
        #expect(plan?.role == .guesser)
        #expect(plan?.socketCount == 0)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: [], at: time(1), effects: &effects)
        let sent = pings(advance(&agent, to: time(1001))).filter { $0.path.endpoint != peerMapped }
        #expect((280...304).contains(sent.count))
        #expect(sent.allSatisfy { $0.path.socket == socket.id && $0.path.endpoint.address == peerMapped.address })
        #expect(sent.allSatisfy { $0.timeToLive == nil })
        let hit = try #require(sent.last)
        agent.receive(
            .pong(Pong(transactionID: hit.id, source: mapped)), from: .direct(hit.path), at: time(1020), effects: &effects)
        #expect(effects.contains(.endBirthday(try #require(plan), isAnswered: true)))
        #expect(agent.path.isDirect)
    }

    @Test mutating func withoutLeaveNothingIsGuessed() {
        var (agent, _) = agent(easy, peer: hard)
        agent.birthdayRefused(at: time(1))
        #expect(pings(advance(&agent, to: time(3000))).allSatisfy { $0.path.endpoint == peerMapped })
        #expect(agent.statistics.birthdayPingsSent == 0)
    }

    @Test mutating func aGatewayThatDropsEndsTheAttempt() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        #expect(advance(&agent, to: time(2500)).contains(.refreshLocal))
        var dropped = hard
        dropped.reachability = .blocked
        agent.setLocal(local(dropped, confirmedAt: time(4500)), at: time(4500), effects: &effects)
        #expect(effects == [.endBirthday(try #require(plan), isAnswered: false), .closeSockets(sockets)])
    }

    @Test mutating func anotherNetworkEndsTheAttempt() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        agent.networkChanged(at: time(50), effects: &effects)
        #expect(effects == [.endBirthday(try #require(plan), isAnswered: false), .closeSockets(sockets)])
    }

    @Test mutating func anAttemptWithoutAnAnswerGivesItsSocketsBack() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        let taken = advance(&agent, to: time(12_000))
        #expect(taken.contains(.endBirthday(try #require(plan), isAnswered: false)))
        #expect(taken.contains(.closeSockets(sockets)))
        #expect(agent.statistics.birthdayPingsSent == 20)
    }

    @Test mutating func whereBothAreRandomOnlyTheUserMayAskForASearch() {
        #expect(agent(hard, peer: hard).plan == nil)
        #expect(agent(hard, peer: hard, isExhaustive: true).plan?.role == .searcher)
    }

    @Test mutating func whereBothAreSequencesBothOpen() {
        var sequential = hard
        sequential.allocation = .sequential(step: 2)
        var (agent, plan) = agent(sequential, peer: sequential)
        #expect(plan?.role == .opener)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        let predicted = Endpoint(peerMapped.address, 7000 + 2 * 192)
        let sent = pings(advance(&agent, to: time(100))).filter { $0.path.socket != socket.id }
        #expect(sent.map(\.path.endpoint) == sockets.map { _ in predicted })
    }

    @Test(arguments: [NATBehavior.Dependence.endpointIndependent, .addressDependent])
    mutating func aFilterThatLetsOtherPortsInNeedsNoGuesses(filtering: NATBehavior.Dependence) {
        var open = easy
        open.filtering = filtering
        #expect(agent(hard, peer: open).plan == nil)
        #expect(agent(open, peer: hard).plan == nil)
    }
}

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
        let order = sockets + [0, 2, 4, 6].map { sockets[$0] }
        #expect(sent.map(\.path) == order.map { DirectPath(socket: $0, endpoint: peerMapped) })
        #expect(sent.map(\.timeToLive) == [2, 4, 2, 4, 2, 4, 2, 4, 4, 4, 4, 4])
        #expect(agent.explanation == .guessing(BirthdayOdds(sent: 12, most: 22, odds: nil)))
        #expect(agent.statistics.birthdayPingsSent == 12)
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
        #expect(effects.contains(.endBirthday(try #require(plan), BirthdayResult(.answered, entryCount: 8))))
        #expect(agent.path.isDirect)
        effects = []
        agent.close(at: time(300), effects: &effects)
        #expect(effects == [.closeSockets([sockets[3]])])
    }

    @Test mutating func theEasySideGuessesFromItsSocket() throws {
        var (agent, plan) = agent(easy, peer: hard)
        #expect(plan?.role == .guesser)
        #expect(plan?.socketCount == GatewayWatch.socketCount)
        #expect(plan?.entryCount == 704)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: [], at: time(1), effects: &effects)
        let sent = pings(advance(&agent, to: time(1001))).filter { $0.path.endpoint != peerMapped }
        #expect((280...304).contains(sent.count))
        #expect(sent.allSatisfy { $0.path.socket == socket.id && $0.path.endpoint.address == peerMapped.address })
        #expect(sent.allSatisfy { $0.timeToLive == nil })
        let hit = try #require(sent.last)
        agent.receive(
            .pong(Pong(transactionID: hit.id, source: mapped)), from: .direct(hit.path), at: time(1020), effects: &effects)
        #expect(effects.contains(.endBirthday(try #require(plan), BirthdayResult(.answered, entryCount: sent.count))))
        #expect(agent.path.isDirect)
    }

    @Test mutating func withoutLeaveNothingIsGuessed() {
        var (agent, _) = agent(easy, peer: hard)
        agent.birthdayRefused(at: time(1))
        #expect(pings(advance(&agent, to: time(3000))).allSatisfy { $0.path.endpoint == peerMapped })
        #expect(agent.statistics.birthdayPingsSent == 0)
    }

    /// What a server is asked over fresh sockets until `end`; each question is answered at once while `isAnswering` says so.
    private mutating func questions(
        _ agent: inout PathAgent, until end: Instant, isAnswering: (Int) -> Bool
    ) -> (asked: [SocketID], effects: [PathAgent.Effect]) {
        var asked: [SocketID] = []
        var all: [PathAgent.Effect] = []
        while let deadline = agent.nextDeadline, deadline <= end {
            let effects = advance(&agent, to: deadline)
            for case .checkGateway(let socket) in effects {
                asked.append(socket)
                if isAnswering(asked.count) { agent.gatewayAnswered(over: socket, at: deadline) }
            }
            all += effects
        }
        return (asked, all)
    }

    @Test mutating func aGatewayThatDropsWhatIsNewEndsTheAttempt() throws {
        var (agent, plan) = agent(easy, peer: hard)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        let (asked, taken) = questions(&agent, until: time(10_000)) { $0 <= 2 }
        #expect(asked == Array(sockets.prefix(5)))
        let results = taken.compactMap { if case .endBirthday(_, let result) = $0 { result } else { nil } }
        #expect(results.map(\.outcome) == [.dropped])
        // Asked every 300 ms and given up when the third question has had no answer for so long.
        #expect(results.allSatisfy { (440...460).contains($0.entryCount) })
        #expect(taken.contains(.closeSockets(sockets)))
        #expect(plan != nil)
    }

    @Test mutating func aServerThatNeverAnswersSaysNothingOfTheGateway() {
        var (agent, _) = agent(easy, peer: hard)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        let (asked, taken) = questions(&agent, until: time(4000)) { _ in false }
        #expect(asked.count == GatewayWatch.socketCount)
        #expect(!taken.contains { if case .endBirthday = $0 { true } else { false } })
    }

    @Test mutating func withoutUDPTheAttemptEnds() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        _ = advance(&agent, to: time(100))
        var dropped = hard
        dropped.reachability = .blocked
        agent.setLocal(local(dropped, confirmedAt: time(4500)), at: time(4500), effects: &effects)
        #expect(
            effects == [.endBirthday(try #require(plan), BirthdayResult(.dropped, entryCount: 8)), .closeSockets(sockets)])
    }

    @Test mutating func anotherNetworkEndsTheAttempt() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        agent.networkChanged(at: time(50), effects: &effects)
        #expect(effects == [.endBirthday(try #require(plan), BirthdayResult(.moved, entryCount: 0)), .closeSockets(sockets)])
    }

    /// The allowance remembers it, so that the address rests although the session is gone.
    @Test mutating func aForgottenPeersAttemptCountsAsUnanswered() throws {
        var (agent, plan) = agent(easy, peer: hard)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        _ = advance(&agent, to: time(10))
        let sent = agent.statistics.birthdayPingsSent
        agent.close(at: time(11), effects: &effects)
        #expect(
            effects == [.endBirthday(try #require(plan), BirthdayResult(.silent, entryCount: sent)), .closeSockets(sockets)])
    }

    @Test mutating func anAttemptWithoutAnAnswerGivesItsSocketsBack() throws {
        var (agent, plan) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        let taken = advance(&agent, to: time(45_000))
        #expect(taken.contains(.endBirthday(try #require(plan), BirthdayResult(.silent, entryCount: 8))))
        #expect(taken.contains(.closeSockets(sockets)))
        // All, those with an even number, every fourth, and all again.
        #expect(agent.statistics.birthdayPingsSent == 8 + 4 + 2 + 8)
    }

    @Test mutating func whereBothAreRandomBothUsersMustAllowASearch() {
        var allowing = hard
        allowing.searchesPorts = true
        #expect(agent(hard, peer: hard).plan == nil)
        #expect(agent(hard, peer: allowing).plan == nil)
        #expect(agent(hard, peer: hard, isExhaustive: true).plan == nil)
        let plan = agent(hard, peer: allowing, isExhaustive: true).plan
        #expect(plan?.role == .searcher)
        #expect(plan?.packetCount == 170_000)
        #expect(plan?.isExhaustive == true)
    }

    @Test(arguments: [
        (false, false, SearchLeave.nobody), (true, false, .here), (false, true, .there), (true, true, .both),
    ])
    mutating func theExplanationSaysWhoseLeaveIsMissing(isAllowedHere: Bool, isAllowedThere: Bool, leave: SearchLeave) {
        var peer = hard
        peer.searchesPorts = isAllowedThere
        var (agent, _) = agent(hard, peer: peer, isExhaustive: isAllowedHere)
        agent.birthdayRefused(at: time(1))
        var effects: [PathAgent.Effect] = []
        for second in Int64(1)...20 {
            _ = agent.trafficSent(100, at: time(second * 1000))
            effects += advance(&agent, to: time(second * 1000))
            for case .beginBirthday in effects { agent.birthdayRefused(at: time(second * 1000)) }
            agent.trafficReceived(from: .relay, at: time(second * 1000))
        }
        guard case .bothNATsHard(_, let told) = agent.explanation else {
            Issue.record("\(agent.explanation)")
            return
        }
        #expect(told == leave)
    }

    /// Two carriers' blocks of 512 ports.
    @Test mutating func whereBothTakePortsFromSmallBlocksTheyAreSearched() {
        var block = hard
        block.ports = 20_480...20_990
        let plan = agent(block, peer: block).plan
        #expect(plan?.role == .searcher)
        #expect(plan?.isExhaustive == false)
        #expect(plan?.entryCount == 170)
        block.ports = 20_480...22_000
        #expect(agent(block, peer: block).plan == nil)
    }

    @Test mutating func aReachedSocketIsPingedWithinTheBudgetOfItsAddress() {
        var (agent, _) = agent(hard, peer: easy)
        var effects: [PathAgent.Effect] = []
        agent.birthdayBegan(over: sockets, at: time(1), effects: &effects)
        _ = advance(&agent, to: time(100))
        for number in 0..<8 {
            let path = DirectPath(socket: sockets[number], endpoint: peerMapped)
            agent.receive(
                .ping(Ping(transactionID: TransactionID(using: &random), nodeKey: key)), from: .direct(path), at: time(200),
                effects: &effects)
        }
        let sent = pings(advance(&agent, to: time(5000))).filter { $0.path.socket != socket.id && $0.timeToLive == nil }
        // Four sockets are kept, with four pings each: more than an address gets that does not answer.
        #expect(sent.count < 16)
        #expect(Set(sent.map(\.path.socket)) == Set(sockets.prefix(4)))
        #expect(agent.statistics.probesHeldBack > 0)
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
        // To open, and at once again to arrive.
        #expect(sent.map(\.path) == (sockets + sockets).map { DirectPath(socket: $0, endpoint: predicted) })
    }

    @Test(arguments: [NATBehavior.Dependence.endpointIndependent, .addressDependent])
    mutating func aFilterThatLetsOtherPortsInNeedsNoGuesses(filtering: NATBehavior.Dependence) {
        var open = easy
        open.filtering = filtering
        #expect(agent(hard, peer: open).plan == nil)
        #expect(agent(open, peer: hard).plan == nil)
    }
}

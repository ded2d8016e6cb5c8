import Disco
import TestSupport
import Testing
import Wire

@testable import Traversal

@Suite struct ProbeBudgetTests {
    let victim = IPAddress(203, 0, 113, 66)

    @Test func anAddressThatNeverAnswersGetsAHandfulAndThenSixAMinute() {
        var budget = ProbeBudget(at: .zero)
        var granted = 0
        for tick in 0..<6000 where budget.take(for: victim, isTriggered: false, at: .zero + .milliseconds(100) * tick) == .granted
        {
            granted += 1
        }
        #expect(granted == 8 + 600 / 10 - 1)
    }

    @Test func pingsFromAnAddressEarnItAFewMore() {
        var budget = ProbeBudget(at: .zero)
        let granted = (0..<50).filter { tick in
            budget.take(for: victim, isTriggered: true, at: .zero + .milliseconds(20) * tick) == .granted
        }
        #expect(granted.count == 14)
    }

    @Test func anAnswerRaisesTheLimitForItsAddressOnly() {
        var budget = ProbeBudget(at: .zero)
        budget.answered(from: victim, at: .zero)
        let other = IPAddress(203, 0, 113, 67)
        func spend(_ address: IPAddress) -> Int {
            (0..<60).filter { budget.take(for: address, isTriggered: false, at: .zero + .milliseconds(3) * $0) == .granted }.count
        }
        #expect(spend(victim) == 40)
        #expect(spend(other) == 8)
    }

    @Test func onePeerCannotMakeUsSendMoreThanItsBudgetToAnyNumberOfAddresses() {
        var budget = ProbeBudget(at: .zero)
        var granted = 0
        for tick in 0..<10_000 {
            let address = IPAddress(ipv4: 0xcb00_0000 + UInt32(tick))
            if budget.take(for: address, isTriggered: false, at: .zero + .milliseconds(1) * tick) == .granted { granted += 1 }
        }
        // Ten seconds; and no more addresses than are remembered.
        #expect(granted <= ProbeBudget.maximumTargets)
    }

    @Test func aBurstIsPaced() {
        var budget = ProbeBudget(at: .zero)
        var verdicts: [ProbeBudget.Verdict] = []
        for number in 0..<30 {
            verdicts.append(budget.take(for: IPAddress(ipv4: UInt32(number) + 1), isTriggered: false, at: .zero))
        }
        #expect(verdicts.prefix(24).allSatisfy { $0 == .granted })
        #expect(verdicts[24] == .paced(.microseconds(2500)))
    }

    @Test func aMoveToAnotherNetworkStartsAfresh() {
        var budget = ProbeBudget(at: .zero)
        for tick in 0..<20 { _ = budget.take(for: victim, isTriggered: false, at: .zero + .milliseconds(3) * tick) }
        budget.networkChanged(at: .zero + .seconds(1))
        #expect(budget.take(for: victim, isTriggered: false, at: .zero + .seconds(1)) == .granted)
    }
}

/// A peer that turns hostile: it names victims, and asks again and again.
@Suite struct HostilePeerTests {
    private let key: NodeKey

    init() throws {
        key = try #require(NodeKey([UInt8](repeating: 7, count: 32)))
    }

    private func agent() -> PathAgent {
        var effects: [PathAgent.Effect] = []
        var agent = PathAgent(localNode: key, at: .zero)
        agent.setLocal(
            LocalDescription(
                sockets: [LocalSocket(id: SocketID(1), family: .ipv4, port: 4000)],
                candidates: [Candidate(.host, Endpoint(IPAddress(192, 168, 1, 2), 4000))], confirmedAt: .zero),
            at: .zero, effects: &effects)
        return agent
    }

    /// Runs the agent and returns what it sent directly, with the time.
    private func run(
        _ agent: inout PathAgent, for duration: Duration, each tick: (inout PathAgent, Instant, inout [PathAgent.Effect]) -> Void
    ) -> [(to: Endpoint, at: Instant)] {
        var random = SeededGenerator(1)
        var sent: [(to: Endpoint, at: Instant)] = []
        var now = Instant.zero
        while now < .zero + duration {
            var effects: [PathAgent.Effect] = []
            tick(&agent, now, &effects)
            for _ in 0..<100 {
                guard let deadline = agent.nextDeadline, deadline <= now else { break }
                agent.deadlineReached(at: now, using: &random, effects: &effects)
            }
            for effect in effects {
                if case .sendDirect(_, let path, nil) = effect { sent.append((path.endpoint, now)) }
            }
            now += .milliseconds(20)
        }
        return sent
    }

    @Test func aVictimNamedInEveryListGetsAHandful() {
        var agent = agent()
        let victim = IPAddress(198, 51, 100, 99)
        var random = SeededGenerator(9)
        let sent = run(&agent, for: .seconds(60)) { agent, now, effects in
            _ = agent.trafficSent(100, at: now)
            let endpoints = (0..<64).map { _ in Endpoint(victim, UInt16.random(in: 1...65_535, using: &random)) }
            agent.setRemoteCandidates(endpoints.map { Candidate(.host, $0) }, behavior: nil, at: now)
            agent.receive(.callMeMaybe(CallMeMaybe(endpoints: endpoints)), from: .relay, at: now, effects: &effects)
        }
        #expect(sent.count <= 8 + 6)
        #expect(!sent.isEmpty)
    }

    @Test func manyVictimsShareThePeersBudget() {
        var agent = agent()
        var random = SeededGenerator(9)
        let sent = run(&agent, for: .seconds(60)) { agent, now, effects in
            _ = agent.trafficSent(100, at: now)
            let endpoints = (0..<64).map { _ in
                Endpoint(IPAddress(ipv4: UInt32.random(in: 0x1000_0000...0x6000_0000, using: &random)), 53)
            }
            agent.receive(.callMeMaybe(CallMeMaybe(endpoints: endpoints)), from: .relay, at: now, effects: &effects)
        }
        #expect(sent.count <= 100 + 60 * 5)
    }

    @Test(arguments: [
        "127.0.0.1:53", "0.0.0.0:53", "224.0.0.1:53", "255.255.255.255:53", "169.254.169.254:80", "[::1]:53", "[::]:53",
        "[ff02::1]:53", "[fe80::1]:53", "[::ffff:127.0.0.1]:53", "[64:ff9b::7f00:1]:53", "[2002:7f00:1::]:53", "8.8.8.8:0",
    ])
    func anAddressThatIsNoPeersIsNeverProbed(text: String) throws {
        var agent = agent()
        let endpoint = try #require(Endpoint(text))
        let sent = run(&agent, for: .seconds(5)) { agent, now, effects in
            _ = agent.trafficSent(100, at: now)
            agent.setRemoteCandidates([Candidate(.host, endpoint)], behavior: nil, at: now)
            agent.receive(.callMeMaybe(CallMeMaybe(endpoints: [endpoint])), from: .relay, at: now, effects: &effects)
            let ping = Ping(transactionID: TransactionID(using: &Self.random), nodeKey: nil)
            agent.receive(
                .ping(ping), from: .direct(DirectPath(socket: SocketID(1), endpoint: endpoint)), at: now, effects: &effects)
        }
        #expect(sent.isEmpty)
    }
    private static var random: SystemRandomNumberGenerator {
        get { SystemRandomNumberGenerator() }
        set {}
    }

    @Test func aPingThatIsRepeatedIsAnsweredOnce() {
        var agent = agent()
        var random = SeededGenerator(5)
        var effects: [PathAgent.Effect] = []
        let ping = Disco.Message.ping(Ping(transactionID: TransactionID(using: &random), nodeKey: nil))
        let path = DirectPath(socket: SocketID(1), endpoint: Endpoint(IPAddress(203, 0, 113, 1), 999))
        for _ in 0..<5 { agent.receive(ping, from: .direct(path), at: .zero, effects: &effects) }
        #expect(effects.count == 1)
    }

    @Test func aCallMeMaybeThatDidNotComeByRelayIsIgnored() {
        var agent = agent()
        let path = DirectPath(socket: SocketID(1), endpoint: Endpoint(IPAddress(203, 0, 113, 1), 999))
        let sent = run(&agent, for: .seconds(2)) { agent, now, effects in
            agent.receive(
                .callMeMaybe(CallMeMaybe(endpoints: [path.endpoint])), from: .direct(path), at: now, effects: &effects)
        }
        #expect(sent.isEmpty)
    }
}

import Disco
import Testing
import Wire

@testable import Traversal

@Suite struct ProbeAllowanceTests {
    private let victim = IPAddress(203, 0, 113, 66)

    private func granted(
        _ allowance: inout ProbeAllowance, _ count: Int, isOpener: Bool = false, every interval: Duration = .zero
    ) -> Int {
        (0..<count).count { allowance.take(for: victim, isOpener: isOpener, at: .zero + interval * $0) }
    }

    @Test func anAddressThatNeverAnswersGetsFortyEightProbesAndThenThirtyAMinute() {
        var allowance = ProbeAllowance(at: .zero)
        let sent = granted(&allowance, 6000, every: .milliseconds(100))
        #expect(sent == 48 + 300 - 1)
    }

    @Test func openersAreCountedByThemselves() {
        var allowance = ProbeAllowance(at: .zero)
        let (openers, probes) = (granted(&allowance, 500, isOpener: true), granted(&allowance, 500))
        #expect(openers == 96)
        #expect(probes == 48)
    }

    @Test func anAddressThatHasAnsweredIsNotLimited() {
        var allowance = ProbeAllowance(at: .zero)
        let before = granted(&allowance, 100)
        allowance.answered(from: victim, at: .zero)
        let after = granted(&allowance, 5000)
        #expect(before == 48)
        #expect(after == 5000)
    }

    @Test func anAnswerIsForgottenAfterTenMinutes() {
        var allowance = ProbeAllowance(at: .zero)
        allowance.answered(from: victim, at: .zero)
        let late = Instant.zero + .seconds(600)
        let sent = (0..<100).count { _ in allowance.take(for: victim, isOpener: false, at: late) }
        #expect(sent == 48)
    }

    @Test func allStrangersTogetherAreLimitedToo() {
        var allowance = ProbeAllowance(at: .zero)
        var sent = 0
        for tick in 0..<60_000 {
            let address = IPAddress(ipv4: 0x1000_0000 + UInt32(tick % 50_000))
            if allowance.take(for: address, isOpener: false, at: .zero + .milliseconds(1) * tick) { sent += 1 }
        }
        #expect(sent <= 2048 + 60 * 100)
    }

    @Test func moreAddressesThanAreRememberedAreRefusedAndForgottenInTime() {
        var allowance = ProbeAllowance(at: .zero)
        let addresses = (0..<2000).map { IPAddress(ipv4: 0x1000_0000 + UInt32($0)) }
        let atOnce = addresses.count { allowance.take(for: $0, isOpener: false, at: .zero) }
        #expect(atOnce == 1024)
        let later = addresses.suffix(900).count { allowance.take(for: $0, isOpener: false, at: .zero + .seconds(2)) }
        #expect(later == 900)
    }
}

/// A coordination server that invents peers to have a victim flooded.
@Suite struct InventedPeersTests {
    private let victim = IPAddress(198, 51, 100, 99)

    /// A node that meets one peer after another, all of which name the victim in their lists and call for probes; each is taken away
    /// before the next comes. Answers what was sent there, without and with a TTL that does not lead there.
    private func flood(peers: Int, answering: Bool = false) throws -> (probes: Int, openers: Int) {
        let key = try #require(NodeKey([UInt8](repeating: 7, count: 32)))
        var allowance = ProbeAllowance(at: .zero)
        var random = SeededGenerator(3)
        var sent = (probes: 0, openers: 0)
        var now = Instant.zero
        for _ in 0..<peers {
            var agent = PathAgent(localNode: key, at: now)
            var effects: [PathAgent.Effect] = []
            agent.setLocal(
                LocalDescription(
                    sockets: [LocalSocket(id: SocketID(1), family: .ipv4, port: 4000)],
                    candidates: [Candidate(.host, Endpoint(IPAddress(192, 168, 1, 2), 4000))], confirmedAt: now),
                at: now, effects: &effects)
            let endpoints = (0..<64).map { _ in Endpoint(victim, UInt16.random(in: 1...65_535, using: &random)) }
            for kind in [Candidate.Kind.host, .serverReflexive] {
                agent.setRemoteCandidates(endpoints.map { Candidate(kind, $0) }, behavior: nil, at: now)
                agent.receive(.callMeMaybe(CallMeMaybe(endpoints: endpoints)), from: .relay, at: now, effects: &effects)
                let end = now + .milliseconds(50)
                while let deadline = agent.nextDeadline, deadline < end {
                    now = max(now, deadline)
                    effects.removeAll()
                    agent.deadlineReached(at: now, allowance: &allowance, using: &random, effects: &effects)
                    for case .sendDirect(.ping(let ping), let path, let timeToLive) in effects {
                        if timeToLive == nil { sent.probes += 1 } else { sent.openers += 1 }
                        guard answering else { continue }
                        let pong = Disco.Message.pong(Pong(transactionID: ping.transactionID, source: path.endpoint))
                        var ignored: [PathAgent.Effect] = []
                        agent.receive(pong, from: .direct(path), at: now, effects: &ignored)
                    }
                }
                now = max(now, end)
            }
        }
        // The rates of both budgets are for as long as it took.
        return (sent.probes - Int((now - .zero).inSeconds / 2), sent.openers - Int((now - .zero).inSeconds * 2))
    }

    @Test func fiveHundredInventedPeersHaveNoMoreSentToAVictimThanTheCap() throws {
        let sent = try flood(peers: 500)
        #expect(sent.probes <= 48)
        #expect(sent.probes > 40)
        #expect(sent.openers <= 96)
    }

    @Test func anAddressThatAnswersIsFreeForEveryPeerBehindIt() throws {
        let sent = try flood(peers: 100, answering: true)
        #expect(sent.probes > 400)
    }
}

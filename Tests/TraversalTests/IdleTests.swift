import TestSupport
import Testing
import Traversal
import Wire

/// What a client costs when little happens.
@Suite struct IdleTests {
    /// A client with a hundred peers to all of which it has talked directly.
    private func crowd() throws -> (internet: SimulatedInternet, hub: SimulatedHost) {
        let internet = SimulatedInternet(seed: 5)
        let hub = Access.nat(NATKind()).host("hub", number: 250, in: internet)
        hub.start()
        var peers: [SimulatedHost] = []
        for number in 1...100 {
            let peer = Access.nat(NATKind()).host("peer\(number)", number: UInt8(number), in: internet)
            peer.start()
            internet.introduce(hub, peer)
            peers.append(peer)
        }
        internet.run(for: .seconds(5))
        for _ in 0..<10 {
            for peer in peers {
                hub.send(to: peer)
                internet.run(for: .milliseconds(7))
            }
        }
        try #require(hub.peers.values.allSatisfy { $0.agent.path.isDirect })
        return (internet, hub)
    }

    @Test func aClientWhoseHundredPathsAreQuietWakesAtMostFourTimesASecond() throws {
        let (internet, hub) = try crowd()
        internet.run(for: .seconds(5))
        let before = hub.wakeUps
        internet.run(for: .seconds(30))
        #expect(hub.wakeUps - before <= 4 * 30)
    }

    @Test func anIdleClientWithAHundredPeersSleeps() throws {
        let (internet, hub) = try crowd()
        internet.run(for: .seconds(150))
        let before = (hub.wakeUps, hub.probes.count)
        internet.run(for: .seconds(600))
        #expect(hub.wakeUps - before.0 <= 60)
        #expect(hub.probes.count == before.1)
    }
}

/// Links that lose, delay and reorder packets.
@Suite struct LossyLinkTests {
    @Test(arguments: 0..<40)
    func aLossyLinkIsUsedAndNeverSilent(seed: UInt64) throws {
        let kinds: [NATKind] = [NATKind(), NATKind(filtering: .addressDependent), NATKind(allocation: .preserving)]
        let internet = SimulatedInternet(seed: seed)
        internet.core.loss = Double(seed % 5) * 0.05
        internet.core.jitter = .milliseconds(Int64(seed % 7) * 10)
        let alice = Access.nat(kinds[Int(seed) % 3]).host("alice", number: 1, in: internet)
        let bob = Access.nat(kinds[Int(seed / 3) % 3]).host("bob", number: 2, in: internet)
        var run = PairRun(internet, alice, bob)
        run.talk(for: .seconds(30), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        let (there, back) = (try #require(run.aliceToBob), try #require(run.bobToAlice))
        let times = [run.timeToDirect(there), run.timeToDirect(back)].compactMap { $0 }
        #expect(times.count == 2)
        #expect(try #require(times.max()) <= .seconds(12))
        // No more is lost than the link loses, and nothing arrives twice.
        for (sender, receiver) in [(there, back), (back, there)] {
            #expect(Double(run.lost(from: sender, to: receiver).count) <= Double(sender.sent) * (internet.core.loss * 1.5 + 0.01))
        }
    }
}

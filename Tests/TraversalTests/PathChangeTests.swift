import TestSupport
import Testing
import Traversal
import Wire

/// What happens to traffic when the network changes under it.
@Suite struct PathChangeTests {
    /// Two hosts behind ordinary NATs with a direct path that has carried traffic for five seconds.
    private func directPair(kind: NATKind = NATKind(), seed: UInt64 = 1) throws -> PairRun {
        var run = PairRun(.nat(kind), .nat(kind), seed: seed)
        run.talk(for: .seconds(5), every: .milliseconds(50))
        try #require(run.isDirect)
        return run
    }

    /// The longest time between two packets of which each is the next to arrive, from `start` on.
    private func longestSilence(_ peer: SimulatedPeer?, from start: Instant, until end: Instant) -> Duration {
        let times = [start] + (peer?.delivered.values.filter { $0 > start }.sorted() ?? []) + [end]
        return zip(times.dropFirst(), times).map { $0 - $1 }.max() ?? .zero
    }

    @Test func anUpgradeLosesNothingAndDeliversNothingTwice() throws {
        var run = PairRun(.nat(NATKind()), .nat(NATKind()))
        run.talk(for: .seconds(5), every: .milliseconds(2))
        run.internet.run(for: .seconds(1))
        #expect(run.isDirect)
        for (sender, receiver) in [(run.aliceToBob, run.bobToAlice), (run.bobToAlice, run.aliceToBob)] {
            #expect(run.lost(from: sender, to: receiver).isEmpty)
            #expect(receiver?.deliveredDirectly ?? 0 > 2000)
        }
    }

    @Test func aSilentCutIsBridgedByTheRelayWithinThreeSeconds() throws {
        var run = try directPair()
        let cut = run.internet.now
        run.internet.core.isUp = false
        run.talk(for: .seconds(8), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        for (peer, other) in [(run.bobToAlice, run.aliceToBob), (run.aliceToBob, run.bobToAlice)] {
            #expect(longestSilence(peer, from: cut, until: run.internet.now - .seconds(1)) <= .seconds(3))
            // Lost is only what went out before the break was noticed: 20 packets a second, less than two seconds.
            #expect(run.lost(from: other, to: peer).count <= 36)
            #expect(peer?.agent.path.isDirect == false)
        }
    }

    @Test func aPathThatComesBackIsUsedAgain() throws {
        var run = try directPair()
        run.internet.core.isUp = false
        run.talk(for: .seconds(20), every: .milliseconds(100))
        #expect(!run.isDirect)
        run.internet.core.isUp = true
        run.talk(for: .seconds(11), every: .milliseconds(100))
        #expect(run.isDirect)
    }

    @Test(arguments: [true, false])
    func aCutInOneDirectionIsNoticedByBothSides(isOutbound: Bool) throws {
        var run = try directPair()
        let cut = run.internet.now
        let gateway = try #require(run.internet.gateways.first)
        gateway.dropsOutbound = isOutbound
        gateway.dropsInbound = !isOutbound
        run.talk(for: .seconds(8), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        for (peer, other) in [(run.bobToAlice, run.aliceToBob), (run.aliceToBob, run.bobToAlice)] {
            #expect(longestSilence(peer, from: cut, until: run.internet.now - .seconds(1)) <= .seconds(3))
            #expect(run.lost(from: other, to: peer).count <= 36)
        }
    }

    @Test func anErrorOfTheKernelMovesTrafficAtOnce() throws {
        var run = try directPair()
        let failed = run.internet.now
        run.alice.unreachable = [IPAddress(203, 0, 113, 2)]
        run.talk(for: .seconds(3), every: .milliseconds(50))
        let change = try #require(run.aliceToBob?.changes.first { $0.at >= failed && !$0.path.isDirect })
        #expect(change.at - failed <= .milliseconds(200))
        run.internet.run(for: .seconds(1))
        // The packet that met the error was lost, nothing else.
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).count <= 1)
    }

    @Test func aForgedPortUnreachableCostsOnlyADoubt() throws {
        var run = try directPair()
        guard case .direct(let path, _, _) = try #require(run.aliceToBob).agent.path else { return }
        run.alice.refused(path)
        run.talk(for: .seconds(2), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        #expect(run.isDirect)
        #expect(run.aliceToBob?.agent.statistics.fallbacks == 0)
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
    }

    @Test func roamingIsHealedWithinTwoSeconds() throws {
        var run = try directPair()
        let cafe = run.internet.gateway(
            "cafe", in: run.internet.core, outerAddress: IPAddress(203, 0, 113, 77), kind: NATKind())
        let moved = run.internet.now
        run.alice.move(to: cafe.inner, addresses: [IPAddress(10, 9, 8, 7)])
        run.talk(for: .seconds(2), every: .milliseconds(50))
        #expect(run.isDirect)
        run.talk(for: .seconds(3), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        for peer in [run.bobToAlice, run.aliceToBob] {
            #expect(longestSilence(peer, from: moved, until: run.internet.now - .seconds(1)) <= .seconds(2))
        }
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
    }

    @Test func aGatewayThatForgetsItsMappingsIsNoticed() throws {
        var run = try directPair()
        let restarted = run.internet.now
        run.internet.gateways.first?.restart()
        run.talk(for: .seconds(12), every: .milliseconds(50))
        #expect(run.isDirect)
        for peer in [run.bobToAlice, run.aliceToBob] {
            #expect(longestSilence(peer, from: restarted, until: run.internet.now) <= .seconds(3))
        }
    }

    @Test func traffickedMappingsOfTenSecondsHoldForAMinute() throws {
        var run = try directPair(kind: NATKind(lifetime: .seconds(10)))
        run.talk(for: .seconds(60), every: .seconds(1))
        #expect(run.isDirect)
        #expect(run.aliceToBob?.agent.statistics.fallbacks == 0)
        run.internet.run(for: .seconds(1))
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
    }

    @Test func rareTrafficOverShortMappingsLosesNothing() throws {
        var run = try directPair(kind: NATKind(lifetime: .seconds(10)))
        run.talk(for: .seconds(130), every: .seconds(13))
        run.internet.run(for: .seconds(1))
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
        #expect(run.lost(from: run.bobToAlice, to: run.aliceToBob).isEmpty)
    }

    @Test func aDeadRelayLeavesTheDirectPathAlone() throws {
        var run = try directPair()
        run.alice.setRelay(isUp: false)
        run.bob.setRelay(isUp: false)
        run.talk(for: .seconds(20), every: .milliseconds(100))
        run.internet.run(for: .seconds(1))
        #expect(run.isDirect)
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
    }

    @Test func aPathThatBreaksUnusedIsLookedForByTheNextPacket() throws {
        var run = try directPair()
        // Quiet, but not yet closed, when the mappings go.
        run.internet.run(for: .seconds(30))
        for gateway in run.internet.gateways { gateway.restart() }
        run.internet.run(for: .seconds(30))
        run.talk(for: .seconds(2), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        #expect(run.isDirect)
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
        #expect(run.lost(from: run.bobToAlice, to: run.aliceToBob).isEmpty)
    }

    @Test func anIdlePathIsClosedAndOpenedAgainByTheNextPacket() throws {
        var run = try directPair()
        run.internet.run(for: .seconds(120))
        #expect(run.aliceToBob?.agent.path.isDirect == false)
        #expect(run.aliceToBob?.agent.explanation == .idle)
        run.talk(for: .seconds(1), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        #expect(run.isDirect)
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
        #expect(run.lost(from: run.bobToAlice, to: run.aliceToBob).isEmpty)
    }
}

/// Paths that carry small datagrams only.
@Suite struct PathSizeTests {
    @Test(arguments: [1472, 1452, 1400, 1300, 1210])
    func packetsTooLargeForTheDirectPathGoByRelay(largest: Int) throws {
        var run = PairRun(.nat(NATKind()), .nat(NATKind()))
        run.internet.core.largestPayload = largest
        run.talk(for: .seconds(10), every: .milliseconds(50), byteCount: 1420)
        run.internet.run(for: .seconds(1))
        let (there, back) = (try #require(run.aliceToBob), try #require(run.bobToAlice))
        #expect(run.isDirect)
        #expect(run.lost(from: there, to: back).isEmpty)
        #expect(run.lost(from: back, to: there).isEmpty)
        let isCarried = largest >= 1420
        #expect(isCarried ? back.deliveredDirectly > 150 : back.deliveredDirectly == 0)
        // What is small still goes directly, and alone.
        #expect(run.alice.send(to: run.bob, byteCount: 200) != .relay)
    }
}

/// Hosts with two uplinks.
@Suite struct MultihomedTests {
    private func pair() throws -> PairRun {
        let internet = SimulatedInternet(seed: 3)
        let cable = internet.gateway("cable", in: internet.core, outerAddress: IPAddress(203, 0, 113, 1), kind: NATKind())
        let mobile = internet.gateway(
            "mobile", in: internet.core, outerAddress: IPAddress(203, 0, 113, 2), kind: NATKind(), delay: .milliseconds(20))
        let alice = internet.host(
            "alice",
            interfaces: [(cable.inner, [IPAddress(192, 168, 1, 2)]), (mobile.inner, [IPAddress(192, 168, 2, 2)])])
        var run = PairRun(internet, alice, Access.nat(NATKind()).host("bob", number: 9, in: internet))
        run.talk(for: .seconds(5), every: .milliseconds(50))
        try #require(run.isDirect)
        return run
    }

    @Test func anUplinkThatGoesDownIsReplacedByTheOtherWithoutTheRelay() throws {
        var run = try pair()
        let before = run.internet.now
        run.alice.setInterface(0, isUp: false)
        run.talk(for: .seconds(3), every: .milliseconds(50))
        run.internet.run(for: .seconds(1))
        let changes = try #require(run.aliceToBob).changes.filter { $0.at >= before }
        #expect(changes.allSatisfy { $0.path.isDirect })
        #expect(run.isDirect)
        #expect(run.lost(from: run.aliceToBob, to: run.bobToAlice).isEmpty)
        // Bob learns of it from Alice's first packet that comes another way: what he sent until then is lost.
        #expect(run.lost(from: run.bobToAlice, to: run.aliceToBob).count <= 5)
    }

    @Test func theFarSideOfAnUplinkThatGoesDownHealsThoughNothingIsSentToIt() throws {
        let run = try pair()
        run.internet.run(for: .seconds(3))
        for _ in 0..<40 {
            run.bob.send(to: run.alice)
            run.internet.run(for: .milliseconds(50))
        }
        run.alice.setInterface(0, isUp: false)
        for _ in 0..<60 {
            run.bob.send(to: run.alice)
            run.internet.run(for: .milliseconds(50))
        }
        run.internet.run(for: .seconds(1))
        #expect(run.lost(from: run.bobToAlice, to: run.aliceToBob).count <= 12)
    }

    @Test func aSilentUplinkIsReplacedByTheOtherWithoutTheRelay() throws {
        var run = try pair()
        let before = run.internet.now
        run.internet.gateways[0].blocksUDP = true
        run.talk(for: .seconds(5), every: .milliseconds(50))
        let changes = try #require(run.aliceToBob).changes.filter { $0.at >= before }
        #expect(changes.allSatisfy { $0.path.isDirect })
        #expect(run.isDirect)
    }
}

import TestSupport
import Testing
import Traversal
import Wire

/// Time to the first byte and to the direct path, in round trips R to the relay and D between the peers.
@Suite struct PathSpeedTests {
    struct Link: CustomTestStringConvertible {
        let relay: Duration
        let peers: Duration
        var testDescription: String { "R \(relay) D \(peers)" }

        static let all = [10, 40, 120, 400].flatMap { relay in
            [8, 30, 100, 250].map { Link(relay: .milliseconds($0 == 0 ? 0 : relay), peers: .milliseconds($0)) }
        }
    }

    /// Two hosts behind ordinary NATs: 1 ms from host to gateway each.
    private func run(_ link: Link, settling: Duration, kind: NATKind = NATKind()) -> PairRun {
        let internet = SimulatedInternet(coreDelay: link.peers / 2 - .milliseconds(2))
        let alice = Access.nat(kind).host("alice", number: 1, in: internet, relayDelay: link.relay / 2)
        let bob = Access.nat(kind).host("bob", number: 2, in: internet, relayDelay: link.relay / 2)
        return PairRun(internet, alice, bob, settling: settling)
    }

    @Test(arguments: Link.all)
    func theFirstByteArrivesByRelayAtOnce(link: Link) throws {
        var run = run(link, settling: .seconds(6))
        run.talk(for: .seconds(1), bothWays: false)
        let first = try #require(run.bobToAlice?.delivered[0])
        #expect(first - run.startedAt <= link.relay * 1.5)
    }

    @Test(arguments: Link.all, [NATKind(), NATKind(allocation: .preserving, isSpoiltByStrays: true)])
    func aDirectPathIsFoundWithinTwoRoundTripsOfEach(link: Link, kind: NATKind) throws {
        var run = run(link, settling: .seconds(6), kind: kind)
        run.talk(for: .seconds(3))
        let bound = link.relay * 2 + link.peers * 2
        #expect(try #require(run.timeToDirect(run.aliceToBob)) <= bound)
        #expect(try #require(run.timeToDirect(run.bobToAlice)) <= bound)
    }

    @Test(arguments: Link.all)
    func aDirectPathIsFoundWithinThreeRoundTripsWhenMappingsAreStale(link: Link) throws {
        // So long after the last look at STUN, the mappings are gone.
        var run = run(link, settling: .seconds(120))
        run.talk(for: .seconds(4), bothWays: false)
        let bound = link.relay * 3 + link.peers * 3
        #expect(try #require(run.timeToDirect(run.aliceToBob)) <= bound)
        #expect(try #require(run.timeToDirect(run.bobToAlice)) <= bound)
    }

    @Test func earlyRealPingsWouldSpoilAGatewayWithoutAnInputDrop() {
        // The negative control of the test above: with openers that reach the peer, the path is spoilt.
        let internet = SimulatedInternet()
        let kind = NATKind(allocation: .preserving, isSpoiltByStrays: true)
        var hosts: [SimulatedHost] = []
        for (number, name) in ["alice", "bob"].enumerated() {
            let gateway = internet.gateway(
                name, in: internet.core, outerAddress: IPAddress(203, 0, 113, UInt8(number + 1)), kind: kind)
            hosts.append(
                internet.host(
                    name, interfaces: [(gateway.inner, [IPAddress(192, 168, UInt8(number), 2)])],
                    relayDelay: .milliseconds(50), configuration: .init(openerTimeToLive: 64)))
        }
        var run = PairRun(internet, hosts[0], hosts[1])
        run.talk(for: .seconds(20), bothWays: false)
        #expect(!run.isDirect)
    }
}

import CryptoBox
import DERP
import Testing
import Wire

@testable import Relay

/// Connections that talk to each other come to the same shard, and nobody notices.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct MovingTests {
    /// Two clients on different shards.
    private func separatePair(_ relay: TestRelay, tls: TestTLS? = nil) async throws -> (TestClient, TestClient) {
        let a = try relay.logIn(tls: tls)
        let b = try relay.logIn(tls: tls)
        let shards = await relay.datapath.snapshot().connections.map(\.shard)
        #expect(Set(shards).count == 2)
        return (a, b)
    }

    /// Sends numbered packets in both directions until the two have met; checks that all arrive in order.
    private func talk(_ a: TestClient, _ b: TestClient, on relay: TestRelay, isMutual: Bool) async throws {
        let filling = [UInt8](repeating: 7, count: 1400)
        var number: UInt8 = 0
        for _ in 0..<100 {
            for _ in 0..<40 {
                number &+= 1
                try a.send([number] + filling, to: b.publicKey)
                if isMutual { try b.send([number] + filling, to: a.publicKey) }
            }
            for offset in 0..<40 as Range<UInt8> {
                #expect(try b.nextPacket()?.data.first == number &- 39 &+ offset)
                if isMutual { #expect(try a.nextPacket()?.data.first == number &- 39 &+ offset) }
            }
            let connections = await relay.datapath.snapshot().connections.filter { [a.publicKey, b.publicKey].contains($0.key) }
            if connections.count == 2, Set(connections.map(\.shard)).count == 1 { return }
        }
        throw TestFailure("the two never met")
    }

    @Test(arguments: [false, true], [false, true])
    func twoThatTalkComeToOneShardWithoutLossOrDisorder(usesTLS: Bool, isMutual: Bool) async throws {
        let relay = try TestRelay()
        let (a, b) = try await separatePair(relay, tls: usesTLS ? TestTLS() : nil)
        try await talk(a, b, on: relay, isMutual: isMutual)
        let statistics = await relay.datapath.snapshot()
        #expect(statistics.counters.moves >= 1)
        #expect(statistics.counters.droppedPacketCount == 0)
        #expect(statistics.counters.connections == 2)
        #expect(statistics.counters.clients == 2)
        // All shards know the new place.
        for _ in 0..<4 {
            let other = try relay.logIn()
            for peer in [a, b] {
                try other.send([200], to: peer.publicKey)
                #expect(try peer.nextPacket()?.data == [200])
            }
        }
    }

    @Test
    func whoHasMovedStillHearsOfPeersAndIsHeardOf() async throws {
        let relay = try TestRelay()
        var (a, b) = try await separatePair(relay)
        var stranger: TestClient? = try relay.logIn()
        for client in [a, b] {
            try stranger?.send([1], to: client.publicKey)
            #expect(try client.nextPacket()?.data == [1])
        }
        try await talk(a, b, on: relay, isMutual: true)
        let gone = try #require(stranger?.publicKey)
        stranger = nil
        for client in [a, b] { #expect(try client.next() == .other(.peerGone(gone, .disconnected))) }
        let key = a.publicKey
        a = try relay.logIn()
        #expect(try b.next() == .other(.peerGone(key, .disconnected)))
    }

    @Test
    func whoHasMovedCanBeCut() async throws {
        let relay = try TestRelay()
        let (a, b) = try await separatePair(relay)
        try await talk(a, b, on: relay, isMutual: false)
        for client in [a, b] {
            relay.datapath.cut(client.publicKey, reason: .revoked)
            #expect(try client.isClosed(within: 2))
        }
        let statistics = await relay.datapath.snapshot()
        #expect(statistics.clientKeys == 0)
        #expect(statistics.counters.connections == 0)
    }

    @Test
    func aReceiverOfManyStaysWhereItIs() async throws {
        let relay = try TestRelay()
        let receiver = try relay.logIn()
        let senders = try (0..<8).map { _ in try relay.logIn() }
        let before = await relay.datapath.snapshot().connections.first { $0.key == receiver.publicKey }?.shard
        let data = [UInt8](repeating: 7, count: 1400)
        for _ in 0..<300 {
            for sender in senders { try sender.send(data, to: receiver.publicKey) }
            for _ in senders { #expect(try receiver.nextPacket() != nil) }
        }
        let after = await relay.datapath.snapshot().connections.first { $0.key == receiver.publicKey }?.shard
        #expect(before == after)
    }

    @Test
    func aKeyThatWasCutMeanwhileIsToldApart() throws {
        var cuts = RecentCuts()
        let start = Instant.zero
        let key = NodePrivateKey.random().publicKey
        cuts.note(key, .revoked, at: start + .seconds(1))
        #expect(cuts.reason(RouteKey(key), since: start) == .revoked)
        #expect(cuts.reason(RouteKey(key), since: start + .seconds(2)) == nil)
        #expect(cuts.reason(.zero, since: start) == nil)
        cuts.note(key, .closedByMesh, at: start + .seconds(7))
        #expect(cuts.reason(RouteKey(key), since: start) == .closedByMesh)
    }

    @Test
    func aHomeIsFoundAtTheLessBusyShardAndTheNextMoveKnows() {
        let gauges = [LoadGauge(), LoadGauge()]
        var picture = LoadPicture(gauges, at: .zero)
        gauges[0].set(1000)
        gauges[1].set(900)
        let now = Instant.zero + .seconds(1)
        #expect(picture.home(of: 200, between: 0, and: 1, at: now) == 1)
        #expect(picture.home(of: 200, between: 0, and: 1, at: now) == 0)
    }
}

struct MajorityVoteTests {
    @Test
    func oneThatGetsNearlyEverythingWins() {
        var vote = MajorityVote()
        let first = ConnectionID(shard: 0, slot: 1, generation: 1)
        let second = ConnectionID(shard: 0, slot: 2, generation: 1)
        #expect(vote.winner == nil)
        #expect(vote.mayFollow(first))
        for _ in 0..<40 { vote.count(1400, for: first) }
        #expect(vote.winner == first)
        #expect(!vote.mayFollow(second))
        for _ in 0..<1000 {
            vote.count(1400, for: second)
            vote.count(1400, for: first)
        }
        #expect(!vote.mayFollow(ConnectionID(shard: 1, slot: 2, generation: 1)))
        for _ in 0..<200 { vote.count(64, for: second) }
        for _ in 0..<2000 { vote.count(64, for: second) }
        #expect(vote.winner == second)
    }
}

import CryptoBox
import DERP
import Testing
import Wire

@testable import Relay

/// Who is told when a peer is not here or goes away, and what several connections of one key mean.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct PresenceTests {
    /// Data that looks like a path probe.
    private let probe = [0x54, 0x53, 0xf0, 0x9f, 0x92, 0xac] as [UInt8] + [UInt8](repeating: 1, count: 56)

    @Test
    func aProbeToAnUnknownKeyIsAnsweredWithinABudget() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn()
        let nobody = NodePrivateKey.random().publicKey
        for _ in 0..<40 { try a.send(probe, to: nobody) }
        for _ in 0..<3 { #expect(try a.next() == .other(.peerGone(nobody, .notHere))) }
        #expect(try a.next(within: 0.2) == nil)
        let counters = await relay.datapath.snapshot().counters
        #expect(counters.dropped(.unknownDestination, .disco).packets == 40)
        #expect(counters.dropped(.unknownDestination, .disco).bytes == 40 * 62)
        #expect(counters.peerGoneNotHereFrames == 3)
    }

    @Test
    func aKeyKeepsItsLatestConnectionsWhenItHasTooMany() async throws {
        let relay = try TestRelay()
        let key = NodePrivateKey.random()
        var clients: [TestClient] = []
        for number in 1...10 {
            clients.append(try relay.logIn(key))
            _ = try await relay.wait {
                $0.counters.logins == number && $0.duplicateKeyConnections == (number > 1 ? min(number, 8) : 0)
            }
        }
        for client in clients[..<2] { #expect(try client.isClosed(within: 2)) }
        let statistics = await relay.datapath.snapshot()
        #expect(statistics.counters.closed(.limitReached) == 2)
        try clients[9].send([4], to: key.publicKey)
        #expect(try clients[9].nextPacket()?.data == [4])
    }

    @Test
    func aListenerHearsOfTheEndOfEachOfManyPeers() throws {
        let relay = try TestRelay()
        let listener = try relay.logIn()
        var peers = try (0..<12).map { _ in try relay.logIn() }
        // In turn, so that no peer is the one heard last.
        for _ in 0..<3 {
            for peer in peers {
                try peer.send([1], to: listener.publicKey)
                #expect(try listener.nextPacket() != nil)
            }
        }
        var gone: Set<NodeKey> = []
        let expected = Set(peers.map(\.publicKey))
        peers = []
        while gone.count < expected.count, let event = try listener.next() {
            if case .other(.peerGone(let key, .disconnected)) = event { #expect(gone.insert(key).inserted) }
        }
        #expect(gone == expected)
    }

    @Test
    func dataToAnUnknownKeyIsDroppedInSilence() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn()
        try a.send([1, 2, 3], to: NodePrivateKey.random().publicKey)
        #expect(try a.next(within: 0.2) == nil)
        #expect(await relay.datapath.snapshot().counters.dropped(.unknownDestination, .other).packets == 1)
    }

    @Test
    func whoHeardAPeerIsToldEachTimeItLeaves() async throws {
        let relay = try TestRelay()
        let key = NodePrivateKey.random()
        let sameShard = try relay.logIn()
        let otherShard = try relay.logIn()
        for _ in 0..<2 {
            var peer: TestClient? = try relay.logIn(key)
            // Keeps the deal of shards even.
            let stranger = try relay.logIn()
            for listener in [sameShard, otherShard] {
                try peer?.send([1], to: listener.publicKey)
                #expect(try listener.nextPacket()?.data == [1])
            }
            peer = nil
            #expect(try sameShard.next() == .other(.peerGone(key.publicKey, .disconnected)))
            #expect(try otherShard.next() == .other(.peerGone(key.publicKey, .disconnected)))
            #expect(try stranger.next(within: 0.1) == nil)
        }
        #expect(await relay.datapath.snapshot().counters.peerGoneDisconnectedFrames == 4)
    }

    @Test
    func aPeerWithAnotherConnectionIsNotGone() async throws {
        let relay = try TestRelay()
        let key = NodePrivateKey.random()
        let listener = try relay.logIn()
        var first: TestClient? = try relay.logIn(key)
        var second: TestClient? = try relay.logIn(key)
        try first?.send([1], to: listener.publicKey)
        _ = try listener.nextPacket()
        first = nil
        #expect(try listener.next(within: 0.2) == nil)
        try second?.send { ClientFrame.writePing(1, to: &$0) }
        second = nil
        #expect(try listener.next() == .other(.peerGone(key.publicKey, .disconnected)))
    }

    @Test(arguments: [0, 1])
    func packetsGoToTheConnectionThatLoggedInOrSentLast(strangers: Int) async throws {
        let relay = try TestRelay()
        let key = NodePrivateKey.random()
        let sender = try relay.logIn()
        let first = try relay.logIn(key)
        // With a stranger between them both connections are on one shard, otherwise on two.
        let others = try (0..<strangers).map { _ in try relay.logIn() }
        var second: TestClient? = try relay.logIn(key)
        _ = try await relay.wait { $0.duplicateKeys == 1 && $0.duplicateKeyConnections == 2 }
        let warning = ClientConnection.Event.health("another connection uses this node key: packets go to whichever sent last")
        #expect(try first.next() == .other(warning))
        #expect(try second?.next() == .other(warning))

        try sender.send([1], to: key.publicKey)
        #expect(try second?.next() == .packet(from: sender.publicKey, [1]))
        #expect(try first.next(within: 0.05) == nil)

        try first.send { ClientFrame.writePing(5, to: &$0) }
        #expect(try first.next() == .other(.pong(5)))
        _ = try await relay.wait { $0.connections.contains { $0.key == key.publicKey && $0.isActive } }
        try await Task.sleep(for: .milliseconds(50))
        try sender.send([2], to: key.publicKey)
        #expect(try first.next() == .packet(from: sender.publicKey, [2]))

        try second?.send { ClientFrame.writePing(6, to: &$0) }
        #expect(try second?.next() == .other(.pong(6)))
        try await Task.sleep(for: .milliseconds(50))
        second = nil
        // Healthy again, and in charge again.
        #expect(try first.next() == .other(.health("")))
        try sender.send([3], to: key.publicKey)
        #expect(try first.next() == .packet(from: sender.publicKey, [3]))
        _ = others
    }

    @Test
    func clientsOfDifferentNetworksDoNotReachEachOther() async throws {
        let relay = try TestRelay(admission: NetworkAdmission())
        let a = try relay.logIn(info: ClientInfo(isProber: false))
        let b = try relay.logIn(info: ClientInfo(isProber: true))
        let c = try relay.logIn(info: ClientInfo(isProber: true))
        try a.send([1], to: b.publicKey)
        try a.send(probe, to: b.publicKey)
        // To the sender it looks as if nobody were there.
        #expect(try a.next() == .other(.peerGone(b.publicKey, .notHere)))
        try c.send([2], to: b.publicKey)
        #expect(try b.next() == .packet(from: c.publicKey, [2]))
        let counters = await relay.datapath.snapshot().counters
        #expect(counters.dropped(.otherNetwork, .other).packets == 1)
        #expect(counters.dropped(.otherNetwork, .disco).packets == 1)
    }

    /// Puts probers into a network of their own.
    private struct NetworkAdmission: RelayAdmission {
        func admit(_ request: AdmissionRequest, decide: @escaping @Sendable (AdmissionDecision) -> Void) {
            decide(.allow(network: request.isProber ? 2 : 1))
        }
    }
}

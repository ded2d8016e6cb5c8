import CryptoBox
import DERP
import Testing
import Wire

@testable import Relay

/// Frames that only another relay of the region may send.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct MeshTests {
    private let meshKey = MeshKey(String(repeating: "a1", count: 32))

    private func info() -> ClientInfo { ClientInfo(meshKey: meshKey) }

    @Test
    func aWatcherHearsWhoIsHereComesAndGoes() async throws {
        let relay = try TestRelay(meshKey: meshKey)
        let early = try relay.logIn()
        let watcher = try relay.logIn(info: info())
        try watcher.send { ClientFrame.writeWatchConnections(to: &$0) }
        var present: [NodeKey: PresenceFlags] = [:]
        for _ in 0..<2 {
            guard case .other(.peerPresent(let key, let endpoint?, let flags))? = try watcher.next() else {
                throw TestFailure("no presence")
            }
            #expect(endpoint.address == IPAddress(127, 0, 0, 1))
            present[key] = flags
        }
        #expect(present == [early.publicKey: .regular, watcher.publicKey: .meshPeer])

        var late: TestClient? = try relay.logIn()
        let lateKey = try #require(late?.publicKey)
        let latePort = try #require(late?.socket.localPort)
        #expect(try watcher.next() == .other(.peerPresent(lateKey, at: Endpoint(IPAddress(127, 0, 0, 1), latePort), .regular)))
        late = nil
        #expect(try watcher.next() == .other(.peerGone(lateKey, .disconnected)))
        #expect(await relay.datapath.snapshot().counters.watchers == 1)
    }

    @Test(arguments: [0, 1, 1400, 65_536])
    func aForwardedPacketArrivesFromItsFirstSender(size: Int) throws {
        let relay = try TestRelay(meshKey: meshKey)
        let sameShard = try relay.logIn()
        let otherShard = try relay.logIn()
        let mesh = try relay.logIn(info: info())
        let far = NodePrivateKey.random().publicKey
        var random = SeededGenerator(2)
        for client in [sameShard, otherShard] {
            let data = random.bytes(size)
            try mesh.send { ClientFrame.writeForwardPacket(from: far, to: client.publicKey, data.bytes, to: &$0) }
            #expect(try client.next() == .packet(from: far, data))
        }
    }

    @Test
    func aForwardedPacketForNobodyIsDropped() async throws {
        let relay = try TestRelay(meshKey: meshKey)
        let mesh = try relay.logIn(info: info())
        let far = NodePrivateKey.random().publicKey
        try mesh.send { ClientFrame.writeForwardPacket(from: far, to: far, [1].bytes, to: &$0) }
        #expect(try mesh.next(within: 0.1) == nil)
        let counters = await relay.datapath.snapshot().counters
        #expect(counters.packetsForwardedIn == 1)
        #expect(counters.dropped(.unknownDestinationOnForward, .other).packets == 1)
    }

    @Test
    func anotherRelayMayCloseAKey() async throws {
        let relay = try TestRelay(meshKey: meshKey)
        let client = try relay.logIn()
        let mesh = try relay.logIn(info: info())
        try mesh.send { ClientFrame.writeClosePeer(client.publicKey, to: &$0) }
        #expect(try client.isClosed(within: 2))
        #expect(await relay.datapath.snapshot().counters.closed(.closedByMesh) == 1)
    }

    @Test(arguments: [0, 1, 2])
    func whoHasNotTheMeshKeyIsClosedForTrying(frame: Int) async throws {
        let relay = try TestRelay(meshKey: meshKey)
        let wrong = MeshKey(String(repeating: "00", count: 32))
        let client = try relay.logIn(info: ClientInfo(meshKey: wrong))
        let key = client.publicKey
        try client.send { writer in
            switch frame {
            case 0: ClientFrame.writeWatchConnections(to: &writer)
            case 1: ClientFrame.writeClosePeer(key, to: &writer)
            case _: ClientFrame.writeForwardPacket(from: key, to: key, [1].bytes, to: &writer)
            }
        }
        #expect(try client.isClosed(within: 2))
        #expect(await relay.datapath.snapshot().counters.closed(.notMeshPeer) == 1)
    }
}

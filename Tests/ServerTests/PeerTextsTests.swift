import Coordination
import CryptoBox
import Foundation
import NIOCore
import Testing
import Wire

@testable import Server

struct PeerTextsTests {
    private func peer(_ id: Int64, name: String = "peer", port: UInt16 = 1) -> Peer {
        let node = TestNode()
        return Peer(
            id: NodeID(rawValue: id), name: name, nodeKey: node.nodeKey.publicKey, discoKey: node.discoKey.publicKey,
            candidates: [PublishedCandidate(type: .host, endpoint: Endpoint(IPAddress(192, 0, 2, 1), port), priority: 1)],
            homeRelay: 900, nat: NATReport(mapping: .addressDependent), lastSeen: Timestamp(milliseconds: 0))
    }

    private func list(_ peers: [Peer], of me: Peer) -> PeerList {
        PeerList(
            eventID: EventID(epoch: 7, sequence: 9), network: NetworkReference(id: NetworkID(rawValue: 1), name: "default"),
            me: me,
            peers: peers)
    }

    @Test func theTextIsWhatAnEncoderWrites() throws {
        let texts = PeerTexts()
        for peers in [[], [peer(2)], [peer(2), peer(3)]] {
            let list = list(peers, of: peer(1))
            let expected = try JSONForm.encoder.encode(list)
            #expect(try texts.text(of: list) == ByteBuffer(bytes: expected))
            #expect(try texts.text(of: list) == ByteBuffer(bytes: expected))
        }
    }

    @Test func aPeerThatChangedIsTextAnew() throws {
        let texts = PeerTexts()
        let me = peer(1)
        var other = peer(2)
        _ = try texts.text(of: list([other], of: me))
        other.candidates[0].endpoint.port = 2
        other.name = "renamed"
        let text = try texts.text(of: list([other], of: me))
        #expect(try JSONDecoder().decode(PeerList.self, from: Data(text.readableBytesView)).peers == [other])
    }
}

internal import Coordination
internal import Foundation
internal import NIOConcurrencyHelpers
internal import NIOCore

/// The JSON of peers, kept while they stay as they are.
///
/// Every snapshot of a network holds nearly the same peers as the one before: when a thousand streams open at once, each peer is encoded
/// about once and not a thousand times.
final class PeerTexts: Sendable {
    /// Peers remembered at most; beyond that all are forgotten and encoded anew.
    private static let capacity = 200_000

    private struct Entry {
        let peer: Peer
        let text: [UInt8]
    }

    private let entries = NIOLockedValueBox<[NodeID: Entry]>([:])

    /// The JSON of a list, the same that an encoder would write of it.
    func text(of list: PeerList) throws -> ByteBuffer {
        var text = ByteBuffer()
        text.writeString("{\"eventId\":\"\(list.eventID)\",\"network\":")
        text.writeBytes(try JSONForm.encoder.encode(list.network))
        text.writeString(",\"peers\":[")
        try entries.withLockedValue { entries in
            if entries.count > Self.capacity { entries.removeAll() }
            for (index, peer) in list.peers.enumerated() {
                if index > 0 { text.writeString(",") }
                text.writeBytes(try Self.text(of: peer, in: &entries))
            }
            text.writeString("],\"self\":")
            text.writeBytes(try Self.text(of: list.me, in: &entries))
        }
        text.writeString("}")
        return text
    }

    private static func text(of peer: Peer, in entries: inout [NodeID: Entry]) throws -> [UInt8] {
        if let entry = entries[peer.id], entry.peer == peer { return entry.text }
        let text = Array(try JSONForm.encoder.encode(peer))
        entries[peer.id] = Entry(peer: peer, text: text)
        return text
    }
}

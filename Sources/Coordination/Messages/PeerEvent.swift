package import Wire

/// An event's number in its network's stream: the `id` of the server-sent event and the `Last-Event-ID` of a resumption.
///
/// The text is `EPOCH-SEQUENCE`. The epoch changes when the server starts: then there is nothing to resume, and a snapshot comes.
package struct EventID: Hashable, Sendable {
    package let epoch: UInt64
    package let sequence: UInt64

    package init(epoch: UInt64, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Parses the text form, or answers nil.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isPlain = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-") }
        guard parts.count == 2, isPlain, let epoch = UInt64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(epoch: epoch, sequence: sequence)
    }
}

extension EventID: CustomStringConvertible {
    package var description: String { "\(epoch)-\(sequence)" }
}

extension EventID: TextCodable {
    package var codedText: String { description }
    package static var textFormRule: String { "an event ID is EPOCH-SEQUENCE" }

    package init?(codedText: String) {
        self.init(codedText)
    }
}

/// One change in a network, as the stream's `added`, `changed` and `removed` events tell it.
///
/// All streams of a network carry the same events, also about the reader itself (a rename, for one).
package struct PeerEvent: Equatable, Sendable {
    /// The names of server-sent events on `GET /v1/peers/stream`.
    package enum Name: String, CaseIterable, Sendable {
        /// Data is a `PeerList`: it replaces all that the reader knew.
        case snapshot
        /// Data is a `Peer`.
        case added
        /// Data is a `Peer`, whole. It may be one that the reader does not know: an `added` may have been merged into it.
        case changed
        /// Data is a `RemovedPeer`.
        case removed
    }

    package enum Change: Equatable, Sendable {
        case added(Peer)
        case changed(Peer)
        case removed(RemovedPeer)
    }

    package let id: EventID
    package let network: NetworkID
    package let change: Change

    package init(id: EventID, network: NetworkID, change: Change) {
        self.id = id
        self.network = network
        self.change = change
    }

    package var name: Name {
        switch change {
        case .added: .added
        case .changed: .changed
        case .removed: .removed
        }
    }
}

/// The data of a `removed` event.
package struct RemovedPeer: Codable, Equatable, Sendable {
    package var id: NodeID
    package var nodeKey: NodeKey

    package init(id: NodeID, nodeKey: NodeKey) {
        self.id = id
        self.nodeKey = nodeKey
    }
}

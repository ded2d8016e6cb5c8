internal import Coordination
internal import Foundation
internal import NIOCore

/// The open peer streams (Server-Sent Events) of all networks.
///
/// An event is encoded once for all its readers. A reader that has too much waiting is cut off: it comes back with
/// `Last-Event-ID` and gets what it missed, or a snapshot.
struct PeerStreams {
    /// One reader.
    struct Reader {
        let node: NodeID
        let network: NetworkID
        let continuation: AsyncStream<ByteBuffer>.Continuation
        /// Ends the connection, also when its writer is stuck.
        let close: @Sendable () -> Void
    }

    /// Events that may wait for one reader: some seconds of a busy network.
    static let waitingEvents = 512
    /// Streams of one node: it needs one, and one more while it changes from network to network.
    static let maximumPerNode = 4

    private var readers: [UInt64: Reader] = [:]
    private var readersByNetwork: [NetworkID: Set<UInt64>] = [:]
    /// The readers of each node, the oldest first.
    private var readersByNode: [NodeID: [UInt64]] = [:]
    /// Readers that went away without a word: the answer's head did not reach them.
    private var lost: Set<UInt64> = []
    private var lastID: UInt64 = 0
    /// Readers cut off because they were too slow, since the start.
    private(set) var droppedCount: UInt64 = 0
    /// Events written to readers, counted once each.
    private(set) var eventCount: UInt64 = 0

    var count: Int { readers.count }

    /// Nodes with at least one stream.
    var nodeCount: Int { readersByNode.count }

    /// The stream that ends when the node opens another one; nil while there is room.
    func oldest(of node: NodeID) -> UInt64? {
        guard let readers = readersByNode[node], readers.count >= Self.maximumPerNode else { return nil }
        return readers.first
    }

    mutating func add(_ reader: Reader) -> UInt64 {
        lastID += 1
        readers[lastID] = reader
        readersByNetwork[reader.network, default: []].insert(lastID)
        readersByNode[reader.node, default: []].append(lastID)
        return lastID
    }

    /// Forgets a reader that has gone, and answers whose it was; nil when that was done before.
    mutating func remove(_ id: UInt64) -> NodeID? {
        guard let reader = readers.removeValue(forKey: id) else { return nil }
        readersByNetwork[reader.network]?.remove(id)
        if readersByNetwork[reader.network]?.isEmpty ?? false { readersByNetwork[reader.network] = nil }
        readersByNode[reader.node]?.removeAll { $0 == id }
        if readersByNode[reader.node]?.isEmpty ?? false { readersByNode[reader.node] = nil }
        lost.remove(id)
        return reader.node
    }

    /// Readers that were found gone since the last call.
    mutating func takeLost() -> Set<UInt64> {
        defer { lost = [] }
        return lost
    }

    /// Sends an event to all readers of its network.
    mutating func send(_ event: PeerEvent) {
        eventCount &+= 1
        guard let identifiers = readersByNetwork[event.network], let text = Self.text(of: event) else { return }
        for id in identifiers { send(text, to: id) }
    }

    /// Sends a comment to everyone, so that both ends and the boxes between them see the connection alive.
    mutating func sendHeartbeat() {
        let text = ByteBuffer(string: ": heartbeat\n\n")
        for id in readers.keys { send(text, to: id) }
    }

    private mutating func send(_ text: ByteBuffer, to id: UInt64) {
        guard let reader = readers[id] else { return }
        switch reader.continuation.yield(text) {
        case .enqueued: break
        case .dropped:
            droppedCount &+= 1
            close(id)
        // Its answer was given up before it began, or it was ended and its connection says so in a moment.
        case .terminated: lost.insert(id)
        @unknown default: break
        }
    }

    /// Ends one stream and its connection.
    func close(_ id: UInt64) {
        guard let reader = readers[id] else { return }
        reader.continuation.finish()
        reader.close()
    }

    /// Ends the streams of one node: its token is void.
    func close(of node: NodeID) {
        for id in readersByNode[node] ?? [] { close(id) }
    }

    /// Ends all streams in good order.
    func finishAll() {
        for reader in readers.values { reader.continuation.finish() }
    }

    // MARK: - Text

    /// `id`, `event` and `data` of one event; the data is JSON, which has no line breaks.
    static func text(id: EventID, name: PeerEvent.Name, _ data: some Encodable) -> ByteBuffer? {
        // Messages of plain members always encode; one that did not would be a stream without that event, never a crash.
        guard let json = try? JSONForm.encoder.encode(data) else { return nil }
        var text = ByteBuffer(string: "id: \(id)\nevent: \(name.rawValue)\ndata: ")
        text.writeBytes(json)
        text.writeString("\n\n")
        return text
    }

    static func text(of event: PeerEvent) -> ByteBuffer? {
        switch event.change {
        case .added(let peer), .changed(let peer): text(id: event.id, name: event.name, peer)
        case .removed(let peer): text(id: event.id, name: event.name, peer)
        }
    }
}

/// The latest changes of one network, by which a stream that was cut off goes on where it ended.
///
/// Only who changed is kept: a replay tells each node's state once, as it is by then.
struct EventLog: Sendable {
    enum Kind: Equatable, Sendable {
        case added
        case changed
        case removed(RemovedPeer)
    }

    struct Entry: Equatable, Sendable {
        let sequence: UInt64
        let node: NodeID
        let kind: Kind
    }

    /// The number of the last change, zero before the first.
    private(set) var lastSequence: UInt64 = 0
    /// Oldest first; up to twice as many as asked for, so that trimming is rare.
    private var entries: [Entry] = []

    /// Counts a change and remembers it, with about `capacity` others.
    mutating func append(_ kind: Kind, of node: NodeID, capacity: Int) -> UInt64 {
        lastSequence += 1
        entries.append(Entry(sequence: lastSequence, node: node, kind: kind))
        if entries.count > max(1, capacity) * 2 { entries.removeFirst(entries.count - max(1, capacity)) }
        return lastSequence
    }

    /// The last change of each node since `sequence`, oldest first, or nil when not all of them are remembered.
    func changes(since sequence: UInt64) -> [Entry]? {
        guard sequence <= lastSequence else { return nil }
        let missed = Int(clamping: lastSequence - sequence)
        guard missed <= entries.count else { return nil }
        var seen: Set<NodeID> = []
        return entries.suffix(missed).reversed().filter { seen.insert($0.node).inserted }.reversed()
    }
}

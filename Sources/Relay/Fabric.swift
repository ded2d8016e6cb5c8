internal import Synchronization

/// What connects the shards: a mailbox for each, and a ring from each to each other.
final class Fabric: Sendable {
    let mailboxes: [Mailbox]
    private let rings: [PacketRing?]
    /// How busy each shard is.
    let gauges: [LoadGauge]
    /// Numbers the changes of routes, so that all shards agree which of two came later.
    private let order = Atomic<UInt64>(0)

    /// Connections that all shards hold together.
    private let connections = Atomic<Int>(0)

    /// Nil when the process has too few descriptors.
    init?(shardCount: Int) {
        var mailboxes: [Mailbox] = []
        for _ in 0..<shardCount {
            guard let mailbox = Mailbox() else { return nil }
            mailboxes.append(mailbox)
        }
        self.mailboxes = mailboxes
        gauges = mailboxes.map { _ in LoadGauge() }
        rings = (0..<shardCount * shardCount).map { $0 / shardCount == $0 % shardCount ? nil : PacketRing() }
    }

    /// The rings that lead away from a shard, by their target; nil at its own place.
    func rings(from shard: Int) -> [PacketRing?] {
        Array(rings[shard * mailboxes.count..<(shard + 1) * mailboxes.count])
    }

    /// The rings that lead to a shard, by their source; nil at its own place.
    func rings(to shard: Int) -> [PacketRing?] {
        mailboxes.indices.map { rings[$0 * mailboxes.count + shard] }
    }

    func nextOrder() -> UInt64 { order.add(1, ordering: .relaxed).newValue }

    /// Counts another connection, unless there are `maximum` already; 0 means without limit.
    func takeConnection(maximum: Int) -> Bool {
        guard connections.add(1, ordering: .relaxed).newValue > maximum, maximum > 0 else { return true }
        giveConnection()
        return false
    }

    func giveConnection() {
        connections.subtract(1, ordering: .relaxed)
    }

    /// Ends the connections that were on their way between two shards when these ended; called when no thread is left.
    func endMigrants() {
        for case let ring? in rings {
            while let record = ring.next() {
                guard record.kind == .migrant, let connection = record.migrant else { continue }
                connection.deinitialize(count: 1)
                connection.deallocate()
            }
        }
    }

    /// Tells all shards but `sender`.
    func broadcast(_ message: ShardMessage, but sender: Int? = nil) {
        for index in mailboxes.indices where index != sender { mailboxes[index].post(message) }
    }
}

package import Wire

/// The peers whose packets one connection has received: it is told when the last connection of such a peer goes away.
///
/// A report ends the entry, so that a peer that comes back, is heard again and leaves again is reported again.
package struct HeardPeers: Sendable {
    /// Peers remembered per connection. One that hears more than these learns of the rest by its own probes, as it does from a relay
    /// that restarted; 4,096 keys are 128 KiB.
    package static let maximumCount = 4096

    private var keys: Set<NodeKey> = []
    /// The peer heard last: a stream of packets from one peer costs a comparison each.
    private var latest: NodeKey?

    package init() {}

    package var count: Int { keys.count }

    /// Notes that a packet from `peer` went to the connection. Answers whether it is the first since the peer's last report.
    @discardableResult
    package mutating func received(from peer: NodeKey) -> Bool {
        guard peer != latest else { return false }
        guard keys.count < Self.maximumCount || keys.contains(peer) else { return false }
        latest = peer
        return keys.insert(peer).inserted
    }

    /// Notes that the last connection of `peer` is gone. Answers whether this connection is to be told.
    package mutating func left(_ peer: NodeKey) -> Bool {
        if latest == peer { latest = nil }
        return keys.remove(peer) != nil
    }
}

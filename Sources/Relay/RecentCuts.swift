internal import DERP
internal import Wire

/// The keys that were cut off a moment ago: a connection that was on its way between two shards meanwhile has missed it.
struct RecentCuts {
    /// Longer than a connection is ever on its way.
    private static let memory = Duration.seconds(5)
    /// More cuts than these within that time push out the oldest.
    private static let maximumCount = 4096

    private var cuts: [(key: RouteKey, reason: CloseReason, at: Instant)] = []

    mutating func note(_ key: NodeKey, _ reason: CloseReason, at now: Instant) {
        cuts.removeAll { now - $0.at > Self.memory }
        if cuts.count == Self.maximumCount { cuts.removeFirst() }
        cuts.append((RouteKey(key), reason, now))
    }

    /// Why a connection of that key that has been on its way since `instant` ends; nil when it may stay.
    func reason(_ key: RouteKey, since instant: Instant) -> CloseReason? {
        cuts.last { $0.key == key && $0.at >= instant }?.reason
    }
}

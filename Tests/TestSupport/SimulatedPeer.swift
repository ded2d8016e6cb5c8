package import Traversal
package import Wire

/// One peer as a simulated host sees it: the real path agent, and what traffic came of it.
package struct SimulatedPeer {
    package let host: SimulatedHost
    package internal(set) var agent: PathAgent
    /// Counter of the next data packet sent.
    package internal(set) var sent: UInt64 = 0
    package internal(set) var window = ReplayWindow()
    /// When each data packet was first delivered.
    package internal(set) var delivered: [UInt64: Instant] = [:]
    package internal(set) var duplicates = 0
    /// Data packets that came directly.
    package internal(set) var deliveredDirectly = 0
    /// When and to what the path changed.
    package internal(set) var changes: [(at: Instant, path: Path)] = []

    /// When the path first became direct.
    package var directAt: Instant? { changes.first { $0.path.isDirect }?.at }
}

/// The receiver's duplicate filter: a sliding window over packet counters, as the encrypted session has it.
package struct ReplayWindow {
    /// Counters that may come late.
    package static let width: UInt64 = 2048

    private var highest: UInt64?
    private var seen: Set<UInt64> = []

    /// Whether the packet is to be delivered: it is not too old and did not come before.
    package mutating func accept(_ counter: UInt64) -> Bool {
        if let highest, counter + Self.width <= highest { return false }
        guard seen.insert(counter).inserted else { return false }
        if counter > highest ?? 0 || highest == nil { highest = counter }
        if seen.count > 2 * Int(Self.width), let highest { seen = seen.filter { $0 + Self.width > highest } }
        return true
    }
}

internal import Disco
internal import Wire

/// The pings on their way: what a pong is matched against.
struct PingLedger: Sendable {
    /// A pong later than this says nothing of the path any more.
    static let pongTimeout: Duration = .seconds(5)
    /// Pings remembered; the oldest is dropped. More than the probe budget allows within the timeout.
    static let maximumCount = 192
    /// Transactions of received pings remembered, so that a repeated one is not answered twice.
    static let maximumSeen = 64

    struct Entry: Sendable {
        let transaction: TransactionID
        /// Nil for a ping by relay.
        let path: DirectPath?
        let sentAt: Instant
        /// The datagram's size.
        let byteCount: Int
    }

    private var entries: [Entry] = []
    private var seen: [TransactionID] = []
    private var nextSeen = 0

    mutating func sent(_ transaction: TransactionID, over path: DirectPath?, byteCount: Int = 0, at now: Instant) {
        entries.removeAll { now - $0.sentAt > Self.pongTimeout }
        if entries.count >= Self.maximumCount { entries.removeFirst() }
        entries.append(Entry(transaction: transaction, path: path, sentAt: now, byteCount: byteCount))
    }

    /// Takes the ping that a pong answers, if the pong came in time and directly as the ping went, or by relay as it did.
    ///
    /// The pong's source need not be where the ping was sent: a NAT that maps by destination shows another port for the answer.
    /// It still proves that the way there works, since only the peer can have sealed it.
    mutating func answered(_ transaction: TransactionID, byRelay isRelayed: Bool, at now: Instant) -> Entry? {
        guard let index = entries.firstIndex(where: { $0.transaction == transaction }),
            (entries[index].path == nil) == isRelayed
        else { return nil }
        let entry = entries.remove(at: index)
        return now - entry.sentAt <= Self.pongTimeout ? entry : nil
    }

    /// Notes a ping from the peer; false when it came before.
    mutating func isFirst(_ transaction: TransactionID) -> Bool {
        guard !seen.contains(transaction) else { return false }
        if seen.count < Self.maximumSeen {
            seen.append(transaction)
        } else {
            seen[nextSeen] = transaction
            nextSeen = (nextSeen + 1) % Self.maximumSeen
        }
        return true
    }

    /// The path was found broken: a pong to a ping from before that proves nothing.
    mutating func forget(_ path: DirectPath) {
        entries.removeAll { $0.path == path }
    }

    mutating func removeAll() {
        self = PingLedger()
    }
}

internal import Disco
internal import Wire

/// The pings on their way: what a pong is matched against.
struct PingLedger: Sendable {
    /// A pong later than this says nothing of the path any more.
    static let pongTimeout: Duration = .seconds(5)
    /// Pings remembered; the oldest is dropped. More than the probe budget and the guessing of ports allow within the timeout.
    static let maximumCount = 1792
    /// Transactions of received pings remembered, so that a repeated one is not answered twice.
    static let maximumSeen = 64

    struct Entry: Sendable {
        /// Nil for a ping by relay.
        let path: DirectPath?
        let sentAt: Instant
        /// The datagram's size.
        let byteCount: Int
    }

    private var entries: [TransactionID: Entry] = [:]
    /// In the order in which they were sent; those before `first` are done with.
    private var order: [TransactionID] = []
    private var first = 0
    private var seen: [TransactionID] = []
    private var nextSeen = 0

    mutating func sent(_ transaction: TransactionID, over path: DirectPath?, byteCount: Int = 0, at now: Instant) {
        while first < order.count {
            let oldest = entries[order[first]]
            guard order.count - first >= Self.maximumCount || oldest.map({ now - $0.sentAt > Self.pongTimeout }) ?? true else {
                break
            }
            entries[order[first]] = nil
            first += 1
        }
        if first > Self.maximumCount {
            order.removeFirst(first)
            first = 0
        }
        order.append(transaction)
        entries[transaction] = Entry(path: path, sentAt: now, byteCount: byteCount)
    }

    /// Takes the ping that a pong answers, if the pong came in time and directly as the ping went, or by relay as it did.
    ///
    /// The pong's source need not be where the ping was sent: a NAT that maps by destination shows another port for the answer.
    /// It still proves that the way there works, since only the peer can have sealed it.
    mutating func answered(_ transaction: TransactionID, byRelay isRelayed: Bool, at now: Instant) -> Entry? {
        guard let entry = entries[transaction], (entry.path == nil) == isRelayed else { return nil }
        entries[transaction] = nil
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
        entries = entries.filter { $0.value.path != path }
    }

    mutating func removeAll() {
        self = PingLedger()
    }
}

/// The audit entries in memory: what operators did, and what nodes did and suffered, each with a limit of its own.
///
/// So a node that registers and leaves all day long cannot wash an operator's deeds out of the log.
struct AuditJournal: Sendable {
    /// The actor of an operator's entries.
    static let administrator = "admin"

    private var administrative: [AuditEntry] = []
    private var ordinary: [AuditEntry] = []

    /// - Parameter entries: What was stored, oldest first.
    init(_ entries: [AuditEntry] = []) {
        for entry in entries {
            if entry.actor == Self.administrator { administrative.append(entry) } else { ordinary.append(entry) }
        }
    }

    /// Adds an entry and answers what the store must do: also drop the oldest tenth of a kind that has outgrown `limit`.
    mutating func append(_ entry: AuditEntry, limit: Int) -> [StoreChange] {
        let isAdministrative = entry.actor == Self.administrator
        let last =
            isAdministrative
            ? Self.append(entry, to: &administrative, limit: limit) : Self.append(entry, to: &ordinary, limit: limit)
        guard let last else { return [.appendAudit(entry)] }
        return [.appendAudit(entry), .trimAudit(through: last, administrative: isAdministrative)]
    }

    /// At most `limit` entries before `before`, newest first.
    func entries(before: Int64?, limit: Int) -> [AuditEntry] {
        let latest = [administrative, ordinary].flatMap { entries in
            let end = before.map { bound in entries.partition(where: { $0.id >= bound }) } ?? entries.endIndex
            return entries[..<end].suffix(max(0, limit))
        }
        return Array(latest.sorted { $0.id > $1.id }.prefix(max(0, limit)))
    }

    /// Appends, and answers the number of the last entry that gave way.
    private static func append(_ entry: AuditEntry, to entries: inout [AuditEntry], limit: Int) -> Int64? {
        entries.append(entry)
        let limit = max(1, limit)
        guard entries.count > limit else { return nil }
        let dropped = entries.prefix(max(entries.count - limit, limit / 10))
        let last = dropped.last?.id
        entries.removeFirst(dropped.count)
        return last
    }
}

extension [AuditEntry] {
    /// The first index for which `isBehind` holds, in entries that are sorted so that it holds from there on.
    fileprivate func partition(where isBehind: (AuditEntry) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

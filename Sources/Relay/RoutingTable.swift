internal import DERP
internal import Wire

/// Where each connected key is: a shard's own copy, kept up by messages from the others.
///
/// Every shard hears of every login, change of the active connection and end, in any order between shards. Each change carries a number
/// from one counter, and the connection with the highest number is active, so all copies come to the same answer.
///
/// Open addressing with linear probing over one allocation. Keys are chosen by clients, so the hash is keyed with random numbers.
struct RoutingTable: ~Copyable {
    /// One connection of a key.
    struct Registration: Sendable {
        var id: ConnectionID
        /// The number of the login or of the last change that made it active.
        var order: UInt64
        var network: UInt32
        var flags: PresenceFlags
        var source: Endpoint
    }

    /// What a change did to a key.
    enum Change: Equatable {
        /// The key had no connection before.
        case appeared
        /// The key's last connection is gone.
        case vanished
        /// Its connections changed, or which of them is active.
        case changed
        /// Nothing: it was known, or is known no more.
        case none
    }

    private struct Entry {
        var key: RouteKey
        var active: Registration
        /// Connections of the key; those beside the active one are in `standby`. 0 marks a free place.
        var count: UInt32
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var isUsed: UnsafeMutablePointer<Bool>
    private var capacity: Int
    private let seed0: UInt64
    private let seed1: UInt64
    private var standby: [RouteKey: [Registration]] = [:]
    /// Keys in the table.
    private(set) var count = 0
    /// Grows with every change, so that a connection can tell whether a route it remembers still holds.
    private(set) var version: UInt64 = 1

    init(using random: inout some RandomNumberGenerator, capacity: Int = 256) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "the capacity is a power of two")
        seed0 = random.next()
        seed1 = random.next() | 1
        self.capacity = capacity
        entries = .allocate(capacity: capacity)
        isUsed = .allocate(capacity: capacity)
        isUsed.initialize(repeating: false, count: capacity)
    }

    deinit {
        entries.deallocate()
        isUsed.deallocate()
    }

    /// The connection that takes the packets for `key`.
    func active(_ key: RouteKey) -> (id: ConnectionID, network: UInt32)? {
        guard let index = find(key) else { return nil }
        let entry = entries + index
        return (entry.pointee.active.id, entry.pointee.active.network)
    }

    /// How many connections have `key`.
    func connectionCount(_ key: RouteKey) -> Int {
        find(key).map { Int(entries[$0].count) } ?? 0
    }

    /// All connections of `key`, the active one first.
    func registrations(_ key: RouteKey) -> [Registration] {
        guard let index = find(key) else { return [] }
        return [entries[index].active] + standby[key, default: []]
    }

    /// Keys with several connections, and how many connections those have.
    var duplicates: (keys: Int, connections: Int) {
        (standby.count, standby.values.reduce(standby.count) { $0 + $1.count })
    }

    /// Every key with its active connection; for the presence that other relays ask for.
    var all: [(key: RouteKey, active: Registration)] {
        var all: [(key: RouteKey, active: Registration)] = []
        for index in 0..<capacity where isUsed[index] { all.append((entries[index].key, entries[index].active)) }
        return all
    }

    mutating func add(_ key: RouteKey, _ registration: Registration) -> Change {
        version &+= 1
        guard let index = find(key) else {
            insert(Entry(key: key, active: registration, count: 1))
            return .appeared
        }
        var others = standby[key, default: []]
        if registration.order > entries[index].active.order {
            others.append(entries[index].active)
            entries[index].active = registration
        } else {
            others.append(registration)
        }
        standby[key] = others
        entries[index].count += 1
        return .changed
    }

    mutating func remove(_ key: RouteKey, _ id: ConnectionID) -> Change {
        guard let index = find(key) else { return .none }
        version &+= 1
        var others = standby[key, default: []]
        if entries[index].active.id == id {
            guard let heir = others.indices.max(by: { others[$0].order < others[$1].order }) else {
                removeEntry(at: index)
                return .vanished
            }
            entries[index].active = others.remove(at: heir)
        } else {
            guard let position = others.firstIndex(where: { $0.id == id }) else { return .none }
            others.remove(at: position)
        }
        standby[key] = others.isEmpty ? nil : others
        entries[index].count -= 1
        return .changed
    }

    /// Makes a connection the active one of its key, unless a later change has already decided otherwise.
    mutating func activate(_ key: RouteKey, _ id: ConnectionID, order: UInt64) -> Change {
        guard let index = find(key) else { return .none }
        version &+= 1
        if entries[index].active.id == id {
            entries[index].active.order = max(order, entries[index].active.order)
            return .none
        }
        guard var others = standby[key], let position = others.firstIndex(where: { $0.id == id }) else { return .none }
        others[position].order = max(order, others[position].order)
        guard others[position].order > entries[index].active.order else {
            standby[key] = others
            return .none
        }
        swap(&others[position], &entries[index].active)
        standby[key] = others
        return .changed
    }

    /// Calls a connection by its other name after it has moved to another shard.
    mutating func rename(_ key: RouteKey, from old: ConnectionID, to new: ConnectionID) {
        guard let index = find(key) else { return }
        version &+= 1
        if entries[index].active.id == old {
            entries[index].active.id = new
        } else if let position = standby[key]?.firstIndex(where: { $0.id == old }) {
            standby[key]?[position].id = new
        }
    }

    // MARK: - Hashing

    private func place(of key: RouteKey) -> Int {
        let first = (key.word0 ^ seed0).multipliedFullWidth(by: key.word1 ^ seed1)
        let second = (key.word2 ^ seed1).multipliedFullWidth(by: key.word3 ^ seed0)
        let mixed = (first.high ^ first.low ^ second.high &+ second.low).multipliedFullWidth(by: seed1)
        return Int(truncatingIfNeeded: mixed.high ^ mixed.low) & (capacity - 1)
    }

    private func find(_ key: RouteKey) -> Int? {
        var index = place(of: key)
        while isUsed[index] {
            if entries[index].key == key { return index }
            index = (index + 1) & (capacity - 1)
        }
        return nil
    }

    private mutating func insert(_ entry: Entry) {
        // Three quarters full is the memory of 10,000 clients in one step less, for a probe or two more.
        if (count + 1) * 4 > capacity * 3 { grow() }
        var index = place(of: entry.key)
        while isUsed[index] { index = (index + 1) & (capacity - 1) }
        (entries + index).initialize(to: entry)
        isUsed[index] = true
        count += 1
    }

    /// Frees a place and moves up what probing would no longer find behind it.
    private mutating func removeEntry(at index: Int) {
        var hole = index
        isUsed[hole] = false
        count -= 1
        var next = (hole + 1) & (capacity - 1)
        while isUsed[next] {
            let home = place(of: entries[next].key)
            if (next - home) & (capacity - 1) >= (next - hole) & (capacity - 1) {
                entries[hole] = entries[next]
                isUsed[hole] = true
                isUsed[next] = false
                hole = next
            }
            next = (next + 1) & (capacity - 1)
        }
    }

    private mutating func grow() {
        let oldEntries = entries
        let oldUsed = isUsed
        let oldCapacity = capacity
        capacity *= 2
        entries = .allocate(capacity: capacity)
        isUsed = .allocate(capacity: capacity)
        isUsed.initialize(repeating: false, count: capacity)
        count = 0
        for index in 0..<oldCapacity where oldUsed[index] { insert(oldEntries[index]) }
        oldEntries.deallocate()
        oldUsed.deallocate()
    }
}

internal import Traversal
internal import Wire

/// The state of a simulated NAT: which inside endpoint has which outside port towards whom, and who was written to.
struct TranslationTable {
    private struct Mapping {
        let owner: Usual
        /// Set apart for one destination because a stray packet took the usual port towards it.
        let isDetour: Bool
        var lastOut: Instant
        /// Whom the inside endpoint has written to through it.
        var contacted: [Endpoint: Connection]
    }

    private struct Connection {
        var lastOut: Instant
        /// Whether a packet came back.
        var isAnswered = false
    }

    private struct Stray: Hashable {
        let source: Endpoint
        let port: UInt16
    }

    /// How long a connection without an answer is remembered, as Linux does.
    private static let strayMemory: Duration = .seconds(30)

    /// Mappings that a destination may use: which inside endpoint they are of, and what they depend on.
    private struct Usual: Hashable {
        let inside: Endpoint
        let destination: Endpoint?
    }

    private let kind: NATKind
    private var mappings: [UInt16: Mapping] = [:]
    /// The ports of mappings that are no detours.
    private var usual: [Usual: UInt16] = [:]
    private var detours: [Usual: UInt16] = [:]
    private var strays: [Stray: Instant] = [:]
    private var nextPort: UInt16
    private var random: SeededGenerator
    private var cleanedAt = Instant.zero
    private var connectionCount = 0
    /// The most connections that were there at once, those of stray packets included: what a gateway's table must hold.
    private(set) var largestCount = 0
    /// Packets of new connections that found no room.
    private(set) var dropCount = 0

    init(kind: NATKind, seed: UInt64) {
        self.kind = kind
        random = SeededGenerator(seed)
        nextPort = UInt16.random(in: 10_000...50_000, using: &random)
    }

    /// The outside port for a packet from inside to `destination`, which opens the filter for it; nil if there is no room.
    mutating func outbound(from inside: Endpoint, to destination: Endpoint, at now: Instant) -> UInt16? {
        if now - cleanedAt >= Self.cleaningInterval { clean(at: now) }
        let detour = Usual(inside: inside, destination: destination)
        let key = usualKey(from: inside, to: destination)
        var isDetour = false
        if let port = detours[detour], mappings[port]?.owner == detour, isAlive(port, at: now) {
            return use(port, for: destination, at: now) ? port : nil
        }
        if let port = usual[key], mappings[port]?.owner == key, isAlive(port, at: now) {
            // A stray packet from the destination may hold the usual port.
            if isOpen(port, to: destination, at: now) || !isHeld(port, by: destination, at: now) {
                return use(port, for: destination, at: now) ? port : nil
            }
            isDetour = true
        }
        guard hasRoom(at: now), let port = freePort(for: inside, towards: destination, at: now) else {
            dropCount += 1
            return nil
        }
        mappings[port] = Mapping(
            owner: isDetour ? detour : key, isDetour: isDetour, lastOut: now,
            contacted: [destination: Connection(lastOut: now)])
        if isDetour { detours[detour] = port } else { usual[key] = port }
        connectionCount += 1
        notePeak()
        return port
    }

    /// Who gets a packet from outside, nil if it is not let in.
    mutating func inbound(from source: Endpoint, toPort port: UInt16, at now: Instant) -> Endpoint? {
        if now - cleanedAt >= Self.cleaningInterval { clean(at: now) }
        if let mapping = mappings[port], isAlive(port, at: now) {
            let isLetIn =
                switch kind.filtering {
                case .endpointIndependent: true
                case .addressDependent:
                    mapping.contacted.contains { $0.key.address == source.address && isAlive($0.value, at: now) }
                case .addressAndPortDependent: isOpen(port, to: source, at: now)
                }
            if isLetIn {
                if mapping.contacted[source]?.isAnswered == false { mappings[port]?.contacted[source]?.isAnswered = true }
                return mapping.owner.inside
            }
        }
        if kind.isSpoiltByStrays, hasRoom(at: now) {
            strays[Stray(source: source, port: port)] = now
            notePeak()
        }
        return nil
    }

    /// A restart: everything is forgotten.
    mutating func removeAll() {
        mappings = [:]
        usual = [:]
        detours = [:]
        strays = [:]
        connectionCount = 0
    }

    private func usualKey(from inside: Endpoint, to destination: Endpoint) -> Usual {
        switch kind.mapping {
        case .endpointIndependent: Usual(inside: inside, destination: nil)
        case .addressDependent: Usual(inside: inside, destination: Endpoint(destination.address, 0))
        case .addressAndPortDependent: Usual(inside: inside, destination: destination)
        }
    }

    /// Sends over a mapping that lives; false if that is a new connection and there is no room for it.
    private mutating func use(_ port: UInt16, for destination: Endpoint, at now: Instant) -> Bool {
        guard isOpen(port, to: destination, at: now) || hasRoom(at: now) else {
            dropCount += 1
            return false
        }
        mappings[port]?.lastOut = now
        if mappings[port]?.contacted[destination] == nil {
            mappings[port]?.contacted[destination] = Connection(lastOut: now)
            connectionCount += 1
            notePeak()
        } else {
            mappings[port]?.contacted[destination]?.lastOut = now
        }
        return true
    }

    private func isAlive(_ port: UInt16, at now: Instant) -> Bool {
        guard let mapping = mappings[port] else { return false }
        if let only = mapping.contacted.first?.value, mapping.contacted.count == 1, !isAlive(only, at: now) { return false }
        return now - mapping.lastOut <= (mapping.isDetour ? min(kind.lifetime, Self.strayMemory) : kind.lifetime)
    }

    private func isAlive(_ connection: Connection, at now: Instant) -> Bool {
        now - connection.lastOut <= (connection.isAnswered ? kind.lifetime : kind.unansweredLifetime ?? kind.lifetime)
    }

    private func isOpen(_ port: UInt16, to destination: Endpoint, at now: Instant) -> Bool {
        mappings[port]?.contacted[destination].map { isAlive($0, at: now) } ?? false
    }

    private mutating func hasRoom(at now: Instant) -> Bool {
        guard let size = kind.tableSize, connectionCount + strays.count >= size else { return true }
        // Some of them have expired, perhaps. A flood does not make us look each time.
        if now - cleanedAt >= Self.leastCleaningInterval { clean(at: now) }
        return connectionCount + strays.count < size
    }

    private mutating func notePeak() {
        largestCount = max(largestCount, connectionCount + strays.count)
    }

    /// A port that nobody uses; nil if none was found.
    private mutating func freePort(for inside: Endpoint, towards destination: Endpoint, at now: Instant) -> UInt16? {
        var port = newPort(for: inside)
        for _ in 0..<Self.portAttempts {
            guard isAlive(port, at: now) || isHeld(port, by: destination, at: now) else { return port }
            port = randomPort()
        }
        return nil
    }

    private func isHeld(_ port: UInt16, by destination: Endpoint, at now: Instant) -> Bool {
        guard !strays.isEmpty, let at = strays[Stray(source: destination, port: port)] else { return false }
        return now - at <= Self.strayMemory
    }

    private mutating func newPort(for inside: Endpoint) -> UInt16 {
        switch kind.allocation {
        case .preserving: return inside.port
        case .sequential(let step):
            nextPort &+= step
            if nextPort < 1024 { nextPort = 1024 }
            return nextPort
        case .random, .block: return randomPort()
        }
    }

    private mutating func randomPort() -> UInt16 {
        switch kind.allocation {
        case .block(let first, let count): UInt16.random(in: first...first + (count - 1), using: &random)
        case .preserving, .sequential, .random: UInt16.random(in: 1024...65_535, using: &random)
        }
    }

    /// Drops what has expired: everything is checked where it is used as well.
    private mutating func clean(at now: Instant) {
        cleanedAt = now
        for port in Array(mappings.keys) {
            guard var mapping = mappings[port], isAlive(port, at: now) else {
                mappings[port] = nil
                continue
            }
            mapping.contacted = mapping.contacted.filter { isAlive($0.value, at: now) }
            mappings[port] = mapping
        }
        let alive = mappings
        usual = usual.filter { alive[$0.value]?.owner == $0.key }
        detours = detours.filter { alive[$0.value]?.owner == $0.key }
        strays = strays.filter { now - $0.value <= Self.strayMemory }
        connectionCount = mappings.values.reduce(0) { $0 + $1.contacted.count }
    }

    private static let cleaningInterval: Duration = .seconds(1)
    private static let leastCleaningInterval: Duration = .milliseconds(100)
    /// Random ports looked at: a block that is nearly full has one for most of them.
    private static let portAttempts = 64
}

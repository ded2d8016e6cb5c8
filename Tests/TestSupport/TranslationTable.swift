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
        var contacted: [Endpoint: Instant]
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
    /// The most mappings and connections that were there at once: what a gateway's table must hold.
    private(set) var largestCount = 0
    private var connectionCount = 0

    init(kind: NATKind, seed: UInt64) {
        self.kind = kind
        random = SeededGenerator(seed)
        nextPort = UInt16.random(in: 10_000...50_000, using: &random)
    }

    /// The outside port for a packet from inside to `destination`, which opens the filter for it.
    mutating func outbound(from inside: Endpoint, to destination: Endpoint, at now: Instant) -> UInt16 {
        clean(at: now)
        let detour = Usual(inside: inside, destination: destination)
        let key = usualKey(from: inside, to: destination)
        var isDetour = false
        if let port = detours[detour], mappings[port]?.owner == detour, use(port, for: destination, at: now) { return port }
        if let port = usual[key], mappings[port]?.owner == key, isAlive(port, at: now) {
            // A stray packet from the destination may hold the usual port.
            let isOpen = mappings[port]?.contacted[destination].map { now - $0 <= kind.lifetime } ?? false
            if isOpen || !isHeld(port, by: destination, at: now), use(port, for: destination, at: now) { return port }
            isDetour = true
        }
        var port = newPort(for: inside)
        while isAlive(port, at: now) || isHeld(port, by: destination, at: now) { port = randomPort() }
        mappings[port] = Mapping(
            owner: isDetour ? detour : key, isDetour: isDetour, lastOut: now, contacted: [destination: now])
        connectionCount += 1
        largestCount = max(largestCount, connectionCount)
        if isDetour { detours[detour] = port } else { usual[key] = port }
        return port
    }

    /// Who gets a packet from outside, nil if it is not let in.
    mutating func inbound(from source: Endpoint, toPort port: UInt16, at now: Instant) -> Endpoint? {
        clean(at: now)
        if let mapping = mappings[port], isAlive(port, at: now) {
            switch kind.filtering {
            case .endpointIndependent: return mapping.owner.inside
            case .addressDependent:
                let isOpen = mapping.contacted.contains { $0.key.address == source.address && now - $0.value <= kind.lifetime }
                if isOpen { return mapping.owner.inside }
            case .addressAndPortDependent:
                if let at = mapping.contacted[source], now - at <= kind.lifetime { return mapping.owner.inside }
            }
        }
        if kind.isSpoiltByStrays { strays[Stray(source: source, port: port)] = now }
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

    private mutating func use(_ port: UInt16, for destination: Endpoint, at now: Instant) -> Bool {
        guard isAlive(port, at: now) else { return false }
        mappings[port]?.lastOut = now
        if mappings[port]?.contacted.updateValue(now, forKey: destination) == nil {
            connectionCount += 1
            largestCount = max(largestCount, connectionCount)
        }
        return true
    }

    private func isAlive(_ port: UInt16, at now: Instant) -> Bool {
        guard let mapping = mappings[port] else { return false }
        return now - mapping.lastOut <= (mapping.isDetour ? min(kind.lifetime, Self.strayMemory) : kind.lifetime)
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

    /// Drops what has expired, now and then: everything is checked where it is used as well.
    private mutating func clean(at now: Instant) {
        guard now - cleanedAt >= Self.cleaningInterval else { return }
        cleanedAt = now
        let lifetime = kind.lifetime
        for port in Array(mappings.keys) {
            guard var mapping = mappings[port], isAlive(port, at: now) else {
                mappings[port] = nil
                continue
            }
            mapping.contacted = mapping.contacted.filter { now - $0.value <= lifetime }
            mappings[port] = mapping
        }
        let alive = mappings
        usual = usual.filter { alive[$0.value]?.owner == $0.key }
        detours = detours.filter { alive[$0.value]?.owner == $0.key }
        strays = strays.filter { now - $0.value <= Self.strayMemory }
        connectionCount = mappings.values.reduce(0) { $0 + $1.contacted.count }
    }

    private static let cleaningInterval: Duration = .seconds(5)
}

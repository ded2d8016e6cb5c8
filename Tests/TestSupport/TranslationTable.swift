internal import Traversal
internal import Wire

/// The state of a simulated NAT: which inside endpoint has which outside port towards whom, and who was written to.
struct TranslationTable {
    private struct Mapping {
        let inside: Endpoint
        /// The destination that made the mapping; the kind says which others share it.
        let destination: Endpoint
        let port: UInt16
        /// Set apart for `destination` alone because a stray packet took the usual port towards it.
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

    private let kind: NATKind
    private var mappings: [Mapping] = []
    private var strays: [Stray: Instant] = [:]
    private var nextPort: UInt16
    private var random: SeededGenerator

    init(kind: NATKind, seed: UInt64) {
        self.kind = kind
        random = SeededGenerator(seed)
        nextPort = UInt16.random(in: 10_000...50_000, using: &random)
    }

    /// The outside port for a packet from inside to `destination`, which opens the filter for it.
    mutating func outbound(from inside: Endpoint, to destination: Endpoint, at now: Instant) -> UInt16 {
        expire(at: now)
        if let index = index(from: inside, to: destination, at: now) {
            mappings[index].lastOut = now
            mappings[index].contacted[destination] = now
            return mappings[index].port
        }
        // The usual mapping exists but a stray packet from the destination holds its port: a detour.
        let isDetour = usualIndex(from: inside, to: destination) != nil
        var port = newPort(for: inside)
        while isTaken(port) || strays[Stray(source: destination, port: port)] != nil { port = randomPort() }
        mappings.append(
            Mapping(
                inside: inside, destination: destination, port: port, isDetour: isDetour, lastOut: now,
                contacted: [destination: now]))
        return port
    }

    /// Who gets a packet from outside, nil if it is not let in.
    mutating func inbound(from source: Endpoint, toPort port: UInt16, at now: Instant) -> Endpoint? {
        expire(at: now)
        let mapping = mappings.first { mapping in
            mapping.port == port && mapping.contacted.keys.contains { kind.filtering.identifies($0, source) }
        }
        if mapping == nil, kind.isSpoiltByStrays { strays[Stray(source: source, port: port)] = now }
        return mapping?.inside
    }

    /// A restart: everything is forgotten.
    mutating func removeAll() {
        mappings = []
        strays = [:]
    }

    private func usualIndex(from inside: Endpoint, to destination: Endpoint) -> Int? {
        mappings.firstIndex {
            !$0.isDetour && $0.inside == inside && kind.mapping.identifies($0.destination, destination)
        }
    }

    private func index(from inside: Endpoint, to destination: Endpoint, at now: Instant) -> Int? {
        if let detour = mappings.firstIndex(where: { $0.isDetour && $0.inside == inside && $0.destination == destination }) {
            return detour
        }
        guard let usual = usualIndex(from: inside, to: destination) else { return nil }
        let isOpen = mappings[usual].contacted[destination] != nil
        let isHeld = strays[Stray(source: destination, port: mappings[usual].port)] != nil
        return isOpen || !isHeld ? usual : nil
    }

    private mutating func newPort(for inside: Endpoint) -> UInt16 {
        switch kind.allocation {
        case .preserving: return inside.port
        case .sequential(let step):
            nextPort &+= step
            if nextPort < 1024 { nextPort = 1024 }
            return nextPort
        case .random: return randomPort()
        }
    }

    private mutating func randomPort() -> UInt16 { UInt16.random(in: 1024...65_535, using: &random) }

    private func isTaken(_ port: UInt16) -> Bool { mappings.contains { $0.port == port } }

    private mutating func expire(at now: Instant) {
        let lifetime = kind.lifetime
        mappings.removeAll { now - $0.lastOut > ($0.isDetour ? min(lifetime, Self.strayMemory) : lifetime) }
        for index in mappings.indices {
            mappings[index].contacted = mappings[index].contacted.filter { now - $0.value <= lifetime }
        }
        strays = strays.filter { now - $0.value <= Self.strayMemory }
    }
}

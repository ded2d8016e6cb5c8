internal import STUN
internal import Wire

/// What the servers saw each socket as.
struct MappedEndpoints: Sendable {
    /// A mapping that no server confirmed for so long is forgotten.
    static let memory: Duration = .seconds(310)

    struct Sighting: Sendable {
        let server: Endpoint
        var mapped: Endpoint
        var latency: Duration?
        var at: Instant
    }

    private var sightings: [SocketID: [Sighting]] = [:]

    /// The sightings of a socket, in the order in which the servers were first asked.
    func sightings(of socket: SocketID) -> [Sighting] { sightings[socket] ?? [] }

    mutating func saw(_ answer: BindingRound.Answer, at now: Instant) {
        let sighting = Sighting(server: answer.server, mapped: answer.mapped, latency: answer.latency, at: now)
        var list = sightings[answer.socket] ?? []
        if let index = list.firstIndex(where: { $0.server == answer.server }) {
            list[index] = sighting
        } else {
            list.append(sighting)
        }
        sightings[answer.socket] = list
    }

    mutating func expire(at now: Instant) {
        sightings = sightings.mapValues { $0.filter { now - $0.at <= Self.memory } }
    }

    mutating func keep(only sockets: Set<SocketID>) {
        sightings = sightings.filter { sockets.contains($0.key) }
    }

    mutating func removeAll() {
        sightings = [:]
    }

    /// The different mapped endpoints of a socket in the last look at it, those of the nearest servers first.
    func endpoints(of socket: SocketID) -> [Endpoint] {
        let ordered = recent(socket).sorted { ($0.latency ?? .seconds(9)) < ($1.latency ?? .seconds(9)) }
        var seen: Set<Endpoint> = []
        return ordered.map(\.mapped).filter { seen.insert($0).inserted }
    }

    /// Whether mappings of a socket differ between destinations; nil with fewer than two server addresses.
    func mapping(of socket: SocketID) -> MappingBehavior? {
        MappingBehavior(samples: translated(socket).map { .init(server: $0.server, mapped: $0.mapped) })
    }

    /// How ports are handed out; nil when nothing tells.
    func allocation(of socket: SocketID, localPort: UInt16) -> NATBehavior.Allocation? {
        let ports = translated(socket).map(\.mapped.port)
        guard let first = ports.first else { return nil }
        if ports.allSatisfy({ $0 == localPort }) { return .preserving }
        guard ports.count >= 2, Set(ports).count == ports.count else { return nil }
        let steps = zip(ports.dropFirst(), ports).map { Int($0) - Int($1) }
        guard let step = steps.first, abs(step) <= Self.longestStep, steps.allSatisfy({ $0 == step }), first > 0 else {
            return .random
        }
        return .sequential(step: Int16(step))
    }

    /// The range of the ports seen; nil with fewer than three different ones.
    func ports(of socket: SocketID) -> ClosedRange<UInt16>? {
        NATBehavior.range(of: Set(translated(socket).map(\.mapped.port)))
    }

    /// The largest distance of two ports that counts as a sequence: by chance 1 of 4,000 random pairs lies as near.
    static let longestStep = 8

    /// The sightings that tell of a translation. Behind a NAT64 servers of both families are asked from one IPv6 socket, and
    /// those of IPv6 see it as it is.
    private func translated(_ socket: SocketID) -> [Sighting] {
        let list = recent(socket)
        let ipv4 = list.filter(\.mapped.address.isIPv4)
        return ipv4.isEmpty ? list : ipv4
    }

    /// The sightings of the last look. Older ones may be of a mapping that is gone: a gateway was restarted, or forgot it.
    private func recent(_ socket: SocketID) -> [Sighting] {
        let list = sightings(of: socket)
        guard let latest = list.map(\.at).max() else { return [] }
        return list.filter { latest - $0.at <= Self.roundDuration }
    }

    /// A round's answers come within this time of each other.
    private static let roundDuration: Duration = .seconds(3)
}

internal import Wire

/// The peer's endpoints from all three sources, filtered, without duplicates, capped.
struct RemoteCandidates: Sendable {
    /// What is kept of the published list, and again of call-me-maybes.
    static let maximumNamed = 32
    /// Endpoints learnt from the sources of authentic pings; the one longest unheard makes room.
    static let maximumReflexive = 16
    /// A peer-reflexive candidate that sent no ping for so long is forgotten.
    static let reflexiveLifetime: Duration = .seconds(45)

    private let allowsLoopback: Bool
    private var published: [Candidate] = []
    private var invited: [Candidate] = []
    private var reflexive: [(candidate: Candidate, heardAt: Instant)] = []

    init(allowsLoopback: Bool) {
        self.allowsLoopback = allowsLoopback
    }

    /// All of them, the likeliest first.
    var all: [Candidate] {
        var seen: Set<Endpoint> = []
        let candidates = published + invited + reflexive.map(\.candidate)
        return candidates.filter { seen.insert($0.endpoint).inserted }.sorted { $0.priority > $1.priority }
    }

    var isEmpty: Bool { published.isEmpty && invited.isEmpty && reflexive.isEmpty }

    /// Where servers see the peer over IPv4: what it told last, before what it published.
    var mapped: Endpoint? {
        let kinds: [Candidate.Kind] = [.serverReflexive, .host]
        for list in [invited, published] {
            for kind in kinds {
                let known = list.first { candidate in
                    let address = candidate.endpoint.address
                    return candidate.kind == kind && address.isIPv4 && !address.isPrivate && !address.isSharedAddressSpace
                }
                if let known { return known.endpoint }
            }
        }
        return nil
    }

    mutating func setPublished(_ candidates: [Candidate]) {
        published = cleaned(candidates)
    }

    /// Takes the list of a call-me-maybe, which replaces that of the one before.
    mutating func setInvited(_ endpoints: [Endpoint]) {
        invited = cleaned(endpoints.map { Candidate($0.address.isPrivate ? .host : .serverReflexive, $0) })
    }

    /// Notes the source of an authentic ping. Answers false when it may not be probed.
    mutating func heard(from endpoint: Endpoint, at now: Instant) -> Bool {
        guard endpoint.isProbeable(allowingLoopback: allowsLoopback) else { return false }
        if let index = reflexive.firstIndex(where: { $0.candidate.endpoint == endpoint }) {
            reflexive[index].heardAt = now
            return true
        }
        if contains(endpoint) { return true }
        if reflexive.count >= Self.maximumReflexive,
            let oldest = reflexive.indices.min(by: { reflexive[$0].heardAt < reflexive[$1].heardAt })
        {
            reflexive.remove(at: oldest)
        }
        reflexive.append((Candidate(.peerReflexive, endpoint), now))
        return true
    }

    /// Forgets peer-reflexive candidates that are long unheard, but for those in `kept`.
    mutating func expire(keeping kept: Set<Endpoint>, at now: Instant) {
        reflexive.removeAll { now - $0.heardAt > Self.reflexiveLifetime && !kept.contains($0.candidate.endpoint) }
    }

    /// The peer was restarted: only what it published stays.
    mutating func forgetHeard() {
        invited = []
        reflexive = []
    }

    private func contains(_ endpoint: Endpoint) -> Bool {
        published.contains { $0.endpoint == endpoint } || invited.contains { $0.endpoint == endpoint }
    }

    private func cleaned(_ candidates: [Candidate]) -> [Candidate] {
        let usable = candidates.compactMap { candidate -> Candidate? in
            var candidate = candidate
            candidate.endpoint.address = candidate.endpoint.address.canonical
            // A guess may be published as a server-reflexive candidate; its priority tells.
            let isGuess = candidate.priority >> 24 <= UInt32(Candidate.Kind.guessed.typePreference)
            if candidate.kind == .serverReflexive, isGuess { candidate.kind = .guessed }
            guard candidate.kind != .relayed, candidate.endpoint.isProbeable(allowingLoopback: allowsLoopback) else { return nil }
            return candidate
        }
        return Array(usable.sorted { $0.priority > $1.priority }.prefix(Self.maximumNamed))
    }
}

internal import STUN
internal import Wire

/// Turns what is known of our side into the list of candidates: a pure function.
struct CandidateGathering {
    /// Candidates published at most: what coordination takes.
    static let maximumCandidates = 64
    /// Addresses of our interfaces at most.
    static let maximumHosts = 24
    /// Mapped endpoints of one socket and family at most.
    static let maximumMappedPerSocket = 2

    let sockets: [LocalSocket]
    let interfaces: [NetworkInterface]
    let mapped: MappedEndpoints
    let extra: [Candidate]
    let allowsLoopback: Bool

    /// The candidates, best first, without duplicates.
    var candidates: [Candidate] {
        let all = hosts + extra + reflexive
        var seen: Set<Endpoint> = []
        let unique = all.filter { seen.insert($0.endpoint).inserted }
        return Array(unique.sorted { $0.priority > $1.priority }.prefix(Self.maximumCandidates))
    }

    /// Addresses of uplinks, or of the loopback interface when it is allowed and nothing else is there.
    private var hosts: [Candidate] {
        let uplinks = hosts(of: .uplink) { $0.isUnicast && !$0.isLoopback && !$0.isLinkLocal }
        guard uplinks.isEmpty, allowsLoopback else { return Array(uplinks.prefix(Self.maximumHosts)) }
        return hosts(of: .loopback) { $0.isLoopback }
    }

    private func hosts(of role: NetworkInterface.Role, where isUsable: (IPAddress) -> Bool) -> [Candidate] {
        var candidates: [Candidate] = []
        let ranked = interfaces.filter { $0.role == role }.sorted { $0.isDefaultRoute && !$1.isDefaultRoute }
        for (rank, interface) in ranked.enumerated() {
            for socket in sockets where socket.interfaceIndex == nil || socket.interfaceIndex == interface.index {
                for address in interface.addresses where address.family == socket.family && isUsable(address) {
                    candidates.append(
                        Candidate(.host, Endpoint(address, socket.port), interfaceRank: UInt8(clamping: rank)))
                }
            }
        }
        return candidates
    }

    private var reflexive: [Candidate] {
        var candidates: [Candidate] = []
        for (rank, socket) in sockets.enumerated() {
            let all = mapped.endpoints(of: socket.id)
            let isHard = mapped.mapping(of: socket.id).map { $0 != .endpointIndependent } ?? false
            // Behind a NAT64 an IPv6 socket is mapped in both families, and only what it is in IPv4 is translated.
            let ipv4 = all.filter(\.address.isIPv4)
            let endpoints = ipv4.isEmpty ? all : ipv4
            let asIs = ipv4.isEmpty ? [] : all.filter { !$0.address.isIPv4 }
            for endpoint in endpoints.prefix(isHard ? 1 : Self.maximumMappedPerSocket) + asIs.prefix(1) {
                candidates.append(Candidate(.serverReflexive, endpoint, interfaceRank: UInt8(clamping: rank)))
            }
            // The mapped port is of no use to a peer, but a forward made by hand usually keeps the port.
            if isHard, let endpoint = endpoints.first, endpoint.port != socket.port {
                candidates.append(Candidate(.guessed, Endpoint(endpoint.address, socket.port)))
            }
        }
        return candidates
    }
}

internal import Wire

/// Asks a PCP server for a mapping, or to renew one (RFC 6887 §11.2).
struct PCPAttempt: Sendable {
    let route: Route
    let nonce: PCPNonce
    private let suggested: Endpoint
    private var retransmission: Retransmission
    private let endsAt: Instant

    /// Sends the first request.
    ///
    /// - Parameter external: the endpoint to ask for again, or the unspecified address and any port.
    init(
        _ route: Route, nonce: PCPNonce, external: Endpoint, endsAt: Instant, at now: Instant,
        effects: inout [PortMapper.Effect]
    ) {
        self.route = route
        self.nonce = nonce
        suggested = external
        retransmission = Retransmission(at: now)
        self.endsAt = endsAt
        send(effects: &effects)
    }

    var deadline: Instant { min(endsAt, retransmission.deadline ?? endsAt) }

    func receive(_ response: PCPResponse, at now: Instant) -> AttemptProgress {
        if case .map(let map) = response.content {
            // Another nonce: an answer to somebody else, or a forgery (§11.4).
            guard map.nonce == nonce, map.internalPort == route.internalPort else { return .pending }
            guard let failure = response.failure else { return grant(map, lifetime: response.lifetime, at: now) }
            return .failed(failure, retryAfter: .seconds(Int64(response.lifetime)))
        }
        // Only a server that could not read the request answers without it; a forged one makes us use another protocol.
        guard response.opcode == PCPResponse.mapOpcode,
            response.result == .unsupportedVersion || response.result == .unsupportedOpcode
        else { return .pending }
        return .failed(.unsupported)
    }

    mutating func deadlineReached(at now: Instant, effects: inout [PortMapper.Effect]) -> AttemptProgress {
        guard now < endsAt else { return .failed(.noAnswer) }
        if retransmission.isDue(at: now) { send(effects: &effects) }
        return .pending
    }

    /// What removes the mapping, if there is one.
    static func removal(of nonce: PCPNonce, on route: Route) -> [UInt8] {
        let map = PCPMap(nonce: nonce, internalPort: route.internalPort, external: unspecified(like: route))
        return PCPRequest(.map(map, lifetime: 0), client: route.local).encoded()
    }

    /// Any port of any address (§11.1).
    static func unspecified(like route: Route) -> Endpoint {
        Endpoint(route.local.isIPv4 ? IPAddress(ipv4: 0) : IPAddress(high: 0, low: 0), 0)
    }

    private func send(effects: inout [PortMapper.Effect]) {
        let map = PCPMap(nonce: nonce, internalPort: route.internalPort, external: suggested)
        let request = PCPRequest(.map(map, lifetime: Lease.askedLifetime), client: route.local)
        effects.append(.sendUDP(request.encoded(), to: Endpoint(route.gateway, NATPMPRequest.port)))
    }

    private func grant(_ map: PCPMap, lifetime: UInt32, at now: Instant) -> AttemptProgress {
        let mapping = Mapping(method: .pcp, external: map.external, internalPort: route.internalPort)
        // A mapping to the other family (NAT64) is none for our socket's peers.
        guard mapping.scope != .nowhere, map.external.address.family == route.local.family else {
            return .failed(.unusableAddress(map.external.address))
        }
        guard map.external.port != 0, lifetime != 0 else { return .failed(.refused(.pcp, code: 0)) }
        return .granted(Lease(mapping, .pcp(nonce), seconds: lifetime, at: now))
    }
}

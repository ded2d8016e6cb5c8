internal import Wire

/// Asks a NAT-PMP gateway for a mapping, or to renew one, and for the external address if that is not known (RFC 6886 §3.3).
struct NATPMPAttempt: Sendable {
    let route: Route
    private let suggestedPort: UInt16
    private var address: IPAddress?
    private var granted: (port: UInt16, lifetime: UInt32)?
    private var retransmission: Retransmission
    private let endsAt: Instant

    /// Sends the first requests.
    ///
    /// - Parameter address: the external address, if the gateway has told it just now.
    init(
        _ route: Route, externalPort: UInt16, address: IPAddress?, endsAt: Instant, at now: Instant,
        effects: inout [PortMapper.Effect]
    ) {
        self.route = route
        suggestedPort = externalPort
        self.address = address
        retransmission = Retransmission(at: now)
        self.endsAt = endsAt
        send(effects: &effects)
    }

    var deadline: Instant { min(endsAt, retransmission.deadline ?? endsAt) }

    mutating func receive(_ response: NATPMPResponse, at now: Instant) -> AttemptProgress {
        switch response.content {
        case .externalAddress(let address):
            self.address = address
        case .mappedUDP(let internalPort, let externalPort, let lifetime):
            guard internalPort == route.internalPort else { return .pending }
            guard externalPort != 0, lifetime != 0 else { return .failed(.refused(.natPMP, code: 0)) }
            granted = (externalPort, lifetime)
        case .none:
            guard let failure = response.result.failure,
                response.opcode == NATPMPResponse.externalAddressOpcode || response.opcode == NATPMPResponse.mapUDPOpcode
            else { return .pending }
            return .failed(failure)
        }
        guard let address, let granted else { return .pending }
        let mapping = Mapping(
            method: .natPMP, external: Endpoint(address, granted.port), internalPort: route.internalPort)
        guard mapping.scope != .nowhere else { return .failed(.unusableAddress(address)) }
        return .granted(Lease(mapping, .natPMP, seconds: granted.lifetime, at: now))
    }

    mutating func deadlineReached(at now: Instant, effects: inout [PortMapper.Effect]) -> AttemptProgress {
        guard now < endsAt else { return .failed(.noAnswer) }
        if retransmission.isDue(at: now) { send(effects: &effects) }
        return .pending
    }

    /// What removes the mapping, if there is one (RFC 6886 §3.4).
    static func removal(on route: Route) -> [UInt8] {
        NATPMPRequest.mapUDP(internalPort: route.internalPort, externalPort: 0, lifetime: 0).encoded()
    }

    private func send(effects: inout [PortMapper.Effect]) {
        let server = Endpoint(route.gateway, NATPMPRequest.port)
        if address == nil { effects.append(.sendUDP(NATPMPRequest.externalAddress.encoded(), to: server)) }
        if granted == nil {
            let request = NATPMPRequest.mapUDP(
                internalPort: route.internalPort, externalPort: suggestedPort, lifetime: Lease.askedLifetime)
            effects.append(.sendUDP(request.encoded(), to: server))
        }
    }
}

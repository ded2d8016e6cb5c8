internal import Wire

/// Takes a mapping back before we leave, and waits a little for the gateway to confirm it.
struct Removal: Sendable {
    /// What to take back.
    enum Question: Sendable {
        case pcp(PCPNonce, Route)
        case natPMP(Route)
        case upnp(IGDService, externalPort: UInt16)

        init(_ lease: Lease, on route: Route) {
            switch lease.token {
            case .pcp(let nonce): self = .pcp(nonce, route)
            case .natPMP: self = .natPMP(route)
            case .upnp(let service, _): self = .upnp(service, externalPort: lease.mapping.external.port)
            }
        }

        /// Asks once.
        func ask(id: RequestID, effects: inout [PortMapper.Effect]) {
            switch self {
            case .pcp(let nonce, let route):
                effects.append(
                    .sendUDP(PCPAttempt.removal(of: nonce, on: route), to: Endpoint(route.gateway, NATPMPRequest.port)))
            case .natPMP(let route):
                effects.append(.sendUDP(NATPMPAttempt.removal(on: route), to: Endpoint(route.gateway, NATPMPRequest.port)))
            case .upnp(let service, let externalPort):
                effects.append(
                    .fetch(.action(.deletePortMapping(externalPort: externalPort), of: service, id: id)))
            }
        }
    }

    /// A program that ends is not held up for longer.
    static let patience: Duration = .seconds(1)

    private let question: Question
    private let id: RequestID
    private let endsAt: Instant
    private var retransmission: Retransmission

    init(_ question: Question, id: RequestID, at now: Instant, effects: inout [PortMapper.Effect]) {
        self.question = question
        self.id = id
        endsAt = now + Self.patience
        retransmission = Retransmission(at: now)
        question.ask(id: id, effects: &effects)
    }

    var deadline: Instant {
        switch question {
        case .pcp, .natPMP: min(endsAt, retransmission.deadline ?? endsAt)
        case .upnp: endsAt
        }
    }

    /// Asks again when it is time; answers false when the gateway had time enough.
    mutating func deadlineReached(at now: Instant, effects: inout [PortMapper.Effect]) -> Bool {
        guard now < endsAt else { return false }
        if case .upnp = question { return true }
        if retransmission.isDue(at: now) { question.ask(id: id, effects: &effects) }
        return true
    }

    /// Whether a PCP answer ends it, with success or without.
    func isAnswered(by response: PCPResponse) -> Bool {
        guard case .pcp(let nonce, _) = question, case .map(let map) = response.content else { return false }
        return map.nonce == nonce
    }

    /// Whether a NAT-PMP answer ends it. Only a grant, which answers an earlier request, has a lifetime.
    func isAnswered(by response: NATPMPResponse) -> Bool {
        guard case .natPMP(let route) = question, response.opcode == NATPMPResponse.mapUDPOpcode else { return false }
        guard case .mappedUDP(let internalPort, _, let lifetime) = response.content else { return true }
        return internalPort == route.internalPort && lifetime == 0
    }

    func isAnswered(by id: RequestID) -> Bool { id == self.id }
}

internal import Wire

/// The search for what a gateway speaks: all protocols at once, again at growing intervals until anything answers.
struct Probe: Sendable {
    /// A gateway on the same network that has not answered by then most likely speaks nothing.
    static let verdictDelay: Duration = .milliseconds(250)
    /// How long after the first answer others may still come, so that the best protocol is taken.
    static let gatheringTime: Duration = .milliseconds(50)
    /// UPnP devices may take a second to answer, and a datagram may be lost.
    static let lifetime: Duration = .seconds(5)

    private let route: Route
    private let endsAt: Instant
    private var retransmission: Retransmission
    private var hasAskedEveryone = false
    /// When the protocols heard by then are used; nil while nothing has answered.
    private(set) var gatheringEndsAt: Instant?

    /// Asks for the first time.
    init(_ route: Route, at now: Instant, effects: inout [PortMapper.Effect]) {
        self.route = route
        endsAt = now + Self.lifetime
        retransmission = Retransmission(at: now)
        ask(.gateways, effects: &effects)
    }

    var deadline: Instant { gatheringEndsAt ?? min(endsAt, retransmission.deadline ?? endsAt) }

    /// Something answered.
    mutating func heard(at now: Instant) {
        if gatheringEndsAt == nil { gatheringEndsAt = now + Self.gatheringTime }
    }

    /// Asks again when it is time; answers false when the search is over.
    mutating func deadlineReached(at now: Instant, effects: inout [PortMapper.Effect]) -> Bool {
        guard now < gatheringEndsAt ?? endsAt else { return false }
        if gatheringEndsAt == nil, retransmission.isDue(at: now) {
            // Once, because every device on the network answers to it.
            ask(hasAskedEveryone ? .gateways : .everything, effects: &effects)
            hasAskedEveryone = true
        }
        return true
    }

    private func ask(_ search: SSDPSearch, effects: inout [PortMapper.Effect]) {
        let server = Endpoint(route.gateway, NATPMPRequest.port)
        for method in route.methods {
            switch method {
            case .pcp: effects.append(.sendUDP(PCPRequest(.announce, client: route.local).encoded(), to: server))
            case .natPMP: effects.append(.sendUDP(NATPMPRequest.externalAddress.encoded(), to: server))
            case .upnp:
                let own = SSDPSearch.everythingOf(route.gateway)
                effects.append(.sendUDP(own.encoded(), to: own.destination))
                effects.append(.sendMulticast(search.encoded(), to: search.destination))
            }
        }
    }
}

package import Wire

/// An endpoint at which a node may be reached, with how it was found (RFC 8445 §2.1, §5.1).
package struct Candidate: Hashable, Sendable {
    /// How a candidate was found. It decides the order of the first probes, never the choice between paths that work.
    package enum Kind: Sendable, CaseIterable {
        /// An address of one of the node's own interfaces.
        case host
        /// Seen by the peer in an authenticated probe.
        case peerReflexive
        /// Seen by a STUN server.
        case serverReflexive
        /// Asked from the gateway by NAT-PMP, PCP or UPnP.
        case portMapped
        /// Named by the user: a forward made by hand.
        case configured
        /// The mapped address with the socket's own port: the guess that the user forwards it by hand.
        case guessed
        /// The relay. It is known by the peer's node key and has no endpoint that probes could reach.
        case relayed
    }

    package var kind: Kind
    package var endpoint: Endpoint
    /// The RFC 8445 §5.1.2 priority: higher is probed earlier.
    package var priority: UInt32

    package init(_ kind: Kind, _ endpoint: Endpoint, priority: UInt32) {
        self.kind = kind
        self.endpoint = endpoint
        self.priority = priority
    }

    /// A candidate with the priority of its kind and family.
    ///
    /// - Parameter interfaceRank: 0 for the interface of the default route, rising for the others.
    package init(_ kind: Kind, _ endpoint: Endpoint, interfaceRank: UInt8 = 0) {
        self.init(
            kind, endpoint, priority: kind.priority(family: endpoint.address.family, interfaceRank: interfaceRank))
    }
}

extension Candidate.Kind {
    /// The type preference (RFC 8445 §5.1.2.2 recommends 126 for host, 110 for peer-reflexive, 100 for server-reflexive,
    /// 0 for relayed; the others are placed by how likely they work).
    package var typePreference: UInt8 {
        switch self {
        case .host: 126
        case .configured: 120
        case .portMapped: 115
        case .peerReflexive: 110
        case .serverReflexive: 100
        case .guessed: 50
        case .relayed: 0
        }
    }

    /// The priority formula of RFC 8445 §5.1.2.1 for the only component, 1.
    ///
    /// The local preference puts IPv6 before IPv4 (RFC 8421) and the default route's interface before others.
    package func priority(family: IPAddress.Family, interfaceRank: UInt8 = 0) -> UInt32 {
        let localPreference = (family == .ipv6 ? UInt32(0x8000) : 0) | UInt32(255 - interfaceRank) << 7
        return UInt32(typePreference) << 24 | localPreference << 8 | 255
    }
}

/// On what a NAT's mapping or filtering depends (RFC 4787 §4.1, §5).
package enum NATDependence: String, Codable, CaseIterable, Sendable {
    case endpointIndependent = "endpoint-independent"
    case addressDependent = "address-dependent"
    case addressAndPortDependent = "address-and-port-dependent"
    /// Not measured, or a word of a later version.
    case unknown

    package init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}

/// How a NAT chooses external ports (RFC 4787 §4.2).
package enum PortAllocation: String, Codable, CaseIterable, Sendable {
    /// The internal port, where it is free.
    case preserving
    /// A fixed step from one mapping to the next.
    case sequential
    case random
    /// Not measured, or a word of a later version.
    case unknown

    package init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}

/// What a node measured of the NATs and firewalls in front of it, published with its candidates.
///
/// Every member may be missing: not measured.
package struct NATReport: Codable, Hashable, Sendable {
    package var mapping: NATDependence?
    package var filtering: NATDependence?
    package var portAllocation: PortAllocation?
    /// The step between two mappings of a sequential allocator.
    package var portStep: Int32?
    /// The lowest and highest external port seen.
    package var lowestPort: UInt16?
    package var highestPort: UInt16?
    /// Whether two hosts behind the NAT reach each other by its external address (RFC 4787 §6).
    package var hairpinning: Bool?
    /// How long a silent mapping lives, in seconds.
    package var mappingLifetimeSeconds: UInt32?
    /// Whether no UDP answer came back at all.
    package var isUDPBlocked: Bool?
    package var hasIPv4: Bool?
    package var hasIPv6: Bool?
    /// The external IPv4 address that STUN servers see.
    package var mappedAddress: String?
    /// The gateway's protocol for port mappings: `nat-pmp`, `pcp` or `upnp`.
    package var portMapping: String?
    /// Whether the node's user allows the long search for ports that needs both sides.
    package var searchesPorts: Bool?
    /// Whether a captive portal answers in the place of servers.
    package var hasCaptivePortal: Bool?

    package init(
        mapping: NATDependence? = nil, filtering: NATDependence? = nil,
        portAllocation: PortAllocation? = nil,
        portStep: Int32? = nil, lowestPort: UInt16? = nil, highestPort: UInt16? = nil,
        hairpinning: Bool? = nil,
        mappingLifetimeSeconds: UInt32? = nil, isUDPBlocked: Bool? = nil, hasIPv4: Bool? = nil,
        hasIPv6: Bool? = nil,
        mappedAddress: String? = nil, portMapping: String? = nil, searchesPorts: Bool? = nil,
        hasCaptivePortal: Bool? = nil
    ) {
        self.mapping = mapping
        self.filtering = filtering
        self.portAllocation = portAllocation
        self.portStep = portStep
        self.lowestPort = lowestPort
        self.highestPort = highestPort
        self.hairpinning = hairpinning
        self.mappingLifetimeSeconds = mappingLifetimeSeconds
        self.isUDPBlocked = isUDPBlocked
        self.hasIPv4 = hasIPv4
        self.hasIPv6 = hasIPv6
        self.mappedAddress = mappedAddress
        self.portMapping = portMapping
        self.searchesPorts = searchesPorts
        self.hasCaptivePortal = hasCaptivePortal
    }

    private enum CodingKeys: String, CodingKey {
        case mapping, filtering, portAllocation, portStep, lowestPort, highestPort, hairpinning,
            mappingLifetimeSeconds
        case isUDPBlocked = "udpBlocked"
        case hasIPv4 = "ipv4"
        case hasIPv6 = "ipv6"
        case mappedAddress, portMapping, searchesPorts
        case hasCaptivePortal = "captivePortal"
    }
}

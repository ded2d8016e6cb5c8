/// What is known of the NATs and firewalls between a node and the Internet, in the terms of RFC 4787 and RFC 5780.
///
/// Every part may be unknown: it was not measured, or could not be. A peer publishes it with its candidates.
package struct NATBehavior: Hashable, Sendable {
    /// How far a mapping or a filter depends on the destination (RFC 4787 §4.1, §5).
    package enum Dependence: Sendable, CaseIterable {
        case endpointIndependent
        case addressDependent
        case addressAndPortDependent
    }

    /// How external ports are handed out (RFC 4787 §4.2).
    package enum Allocation: Hashable, Sendable {
        /// The internal port is kept.
        case preserving
        /// Each mapping gets the port of the one before it plus `step`.
        case sequential(step: Int16)
        /// No pattern was found.
        case random
    }

    /// Whether any UDP answer comes back from the Internet, by family.
    package enum Reachability: Sendable, CaseIterable {
        case unknown
        /// No answer over either family: only TCP is left.
        case blocked
        case ipv4
        case ipv6
        case dualStack
    }

    package var reachability: Reachability
    /// Whether the mapped IPv4 address differs from every address of the node: there is a NAT. Nil when not known.
    package var isTranslated: Bool?
    package var mapping: Dependence?
    /// True when the mapping was seen to differ between destinations and it is not known by what: at least address-dependent.
    package var mappingVaries: Bool?
    package var filtering: Dependence?
    package var allocation: Allocation?
    /// The lowest and highest external port that servers saw at one time, where they saw at least three different ones.
    package var ports: ClosedRange<UInt16>?
    /// Whether two hosts behind the NAT reach each other by their mapped addresses (RFC 4787 §6).
    package var hairpins: Bool?
    /// How long a mapping lives without outbound traffic (RFC 4787 §4.3).
    package var mappingLifetime: Duration?
    /// Whether the mapped address lies in 100.64.0.0/10 or private space: another NAT stands behind (RFC 6598).
    package var isNested: Bool?
    /// Whether a captive portal answers in the place of servers. The shell finds out and says so.
    package var isCaptive: Bool?
    /// Whether the user allows the long search for ports where both sides' are random. A search needs both sides.
    package var searchesPorts = false

    package init(
        reachability: Reachability = .unknown, isTranslated: Bool? = nil, mapping: Dependence? = nil,
        mappingVaries: Bool? = nil, filtering: Dependence? = nil, allocation: Allocation? = nil,
        ports: ClosedRange<UInt16>? = nil, hairpins: Bool? = nil, mappingLifetime: Duration? = nil, isNested: Bool? = nil,
        isCaptive: Bool? = nil
    ) {
        self.reachability = reachability
        self.isTranslated = isTranslated
        self.mapping = mapping
        self.mappingVaries = mappingVaries
        self.filtering = filtering
        self.allocation = allocation
        self.ports = ports
        self.hairpins = hairpins
        self.mappingLifetime = mappingLifetime
        self.isNested = isNested
        self.isCaptive = isCaptive
    }

    /// Nothing was measured.
    package static let unknown = NATBehavior()

    /// Whether a captive portal is why no UDP passes, as far as is known.
    package var isHeldByPortal: Bool {
        switch reachability {
        case .unknown, .blocked: isCaptive == true
        case .ipv4, .ipv6, .dualStack: false
        }
    }

    /// Whether a mapped endpoint learnt from a server is of no use to a peer: each destination sees another port.
    package var isHard: Bool {
        if allocation == .preserving { return false }
        return mappingVaries == true || mapping == .addressDependent || mapping == .addressAndPortDependent
    }
}

package import Traversal
package import Wire

/// How a simulated gateway translates and filters (RFC 4787).
package struct NATKind: Hashable, Sendable {
    package typealias Dependence = NATBehavior.Dependence

    /// How external ports are handed out.
    package enum Allocation: Hashable, Sendable {
        /// The internal port if it is free, else a random one.
        case preserving
        /// The port after the one handed out last.
        case sequential(step: UInt16)
        case random
        /// A random one of so many from a first one on: a customer's share of a carrier's ports (RFC 7422).
        case block(first: UInt16, count: UInt16)
    }

    package var mapping: Dependence
    package var filtering: Dependence
    package var allocation: Allocation
    /// How long a mapping lives after the last packet out.
    package var lifetime: Duration
    /// The same for a connection that nobody has answered, as on Linux; nil for the same time.
    package var unansweredLifetime: Duration?
    /// Connections that fit in its table: what is new beyond them is dropped. Nil for any number.
    package var tableSize: Int?
    /// Whether packets from inside to the own outer address are sent back in.
    package var hairpins: Bool
    /// Whether a stray packet from outside leaves an entry that makes a later packet to its sender take another port: a
    /// router without an INPUT drop.
    package var isSpoiltByStrays: Bool
    /// Whether a stray packet is answered with an ICMP port unreachable.
    package var rejectsStrays: Bool

    package init(
        mapping: Dependence = .endpointIndependent, filtering: Dependence = .addressAndPortDependent,
        allocation: Allocation = .random, lifetime: Duration = .seconds(60),
        unansweredLifetime: Duration? = nil, tableSize: Int? = nil, hairpins: Bool = false, isSpoiltByStrays: Bool = false,
        rejectsStrays: Bool = false
    ) {
        self.mapping = mapping
        self.filtering = filtering
        self.allocation = allocation
        self.lifetime = lifetime
        self.unansweredLifetime = unansweredLifetime
        self.tableSize = tableSize
        self.hairpins = hairpins
        self.isSpoiltByStrays = isSpoiltByStrays
        self.rejectsStrays = rejectsStrays
    }
}

extension NATBehavior.Dependence {
    /// The usual abbreviation's middle: EI, AD, APD.
    package var abbreviation: String {
        switch self {
        case .endpointIndependent: "EI"
        case .addressDependent: "AD"
        case .addressAndPortDependent: "APD"
        }
    }

    /// Whether two destinations share a mapping or a filter.
    package func identifies(_ left: Endpoint, _ right: Endpoint) -> Bool {
        switch self {
        case .endpointIndependent: true
        case .addressDependent: left.address == right.address
        case .addressAndPortDependent: left == right
        }
    }
}

extension NATKind: CustomStringConvertible {
    /// Such as `EIM/APDF`, with what is unusual behind it.
    package var description: String {
        "\(mapping.abbreviation)M/\(filtering.abbreviation)F" + (isSpoiltByStrays ? " spoilt" : "")
            + (rejectsStrays ? " rejecting" : "") + (hairpins ? " hairpin" : "")
    }
}

internal import Wire

/// A service of a UPnP gateway that maps ports.
package struct IGDService: Hashable, Sendable {
    /// The kinds, the best first.
    package enum Kind: Int, Comparable, CaseIterable, Sendable {
        case wanIPConnection2
        case wanIPConnection1
        case wanPPPConnection1

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }

        package var serviceType: String {
            switch self {
            case .wanIPConnection2: "urn:schemas-upnp-org:service:WANIPConnection:2"
            case .wanIPConnection1: "urn:schemas-upnp-org:service:WANIPConnection:1"
            case .wanPPPConnection1: "urn:schemas-upnp-org:service:WANPPPConnection:1"
            }
        }

        /// The kind of that service type; nil for services that map no ports.
        package init?(serviceType: String) {
            let lowercased = serviceType.lowercased()
            guard let kind = Self.allCases.first(where: { $0.serviceType.lowercased() == lowercased }) else { return nil }
            self = kind
        }

        /// Whether the gateway can choose the port itself (AddAnyPortMapping, IGD 2).
        var choosesPort: Bool { self == .wanIPConnection2 }
    }

    package let kind: Kind
    /// Where actions are posted.
    package let control: HTTPTarget

    package init(_ kind: Kind, control: HTTPTarget) {
        self.kind = kind
        self.control = control
    }
}

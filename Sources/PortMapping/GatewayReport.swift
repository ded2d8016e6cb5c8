package import Wire

/// What is known of the gateway, for people and for other machines.
package struct GatewayReport: Hashable, Sendable {
    /// Whether a protocol is spoken.
    package enum Presence: Sendable {
        /// Not asked, or too early to tell.
        case unknown
        /// No answer in 250 ms.
        case absent
        case present
    }

    package var gateway: IPAddress?
    package var pcp: Presence = .unknown
    package var natPMP: Presence = .unknown
    package var upnp: Presence = .unknown
    /// The UPnP service that mappings are asked from.
    package var service: IGDService.Kind?
    /// What the UPnP device calls itself, short and printable.
    package var deviceName: String?
    /// Whether a UPnP location or control URL named a host that is not the gateway, which was not followed.
    package var namesForeignHost = false
    /// What the gateway calls its external address, whatever it is.
    package var externalAddress: IPAddress?
    package var mapping: Mapping?
    /// Why the last attempt failed; nil while none has, and after success.
    package var failure: MappingFailure?

    package init(gateway: IPAddress? = nil) {
        self.gateway = gateway
    }

    package subscript(method: MappingMethod) -> Presence {
        get {
            switch method {
            case .pcp: pcp
            case .natPMP: natPMP
            case .upnp: upnp
            }
        }
        set {
            switch method {
            case .pcp: pcp = newValue
            case .natPMP: natPMP = newValue
            case .upnp: upnp = newValue
            }
        }
    }

    /// Whether it is known for every protocol if the gateway speaks it.
    package var isSettled: Bool { MappingMethod.allCases.allSatisfy { self[$0] != .unknown } }

    /// Whether another NAT stands outside of the gateway.
    ///
    /// - Parameter seen: the address that a STUN server sees. A gateway's public address must equal it; and a gateway that
    ///   claims to have none, although we are seen from outside, has a private one.
    package func isDoubleNAT(seen: IPAddress? = nil) -> Bool {
        switch externalAddress.map(ExternalScope.init) {
        case .insideAnotherNAT: true
        case .everywhere: seen.map { $0.canonical != externalAddress?.canonical } ?? false
        case .nowhere: seen != nil
        case nil: seen != nil && failure == .networkDown
        }
    }
}

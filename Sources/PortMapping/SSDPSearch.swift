package import Wire

/// The question for UPnP gateways on the local network (UPnP Device Architecture 1.1 §1.3.2).
package enum SSDPSearch: Hashable, Sendable {
    /// To all devices: whoever is a gateway answers. A gateway of version 2 answers to 1 too.
    case gateways
    /// To all devices: everybody answers. Some gateways answer to nothing else.
    case everything
    /// To the gateway alone: it tells all that it is.
    case everythingOf(IPAddress)

    package static let port: UInt16 = 1900
    package static let group = Endpoint(IPAddress(239, 255, 255, 250), port)

    package var destination: Endpoint {
        switch self {
        case .gateways, .everything: Self.group
        case .everythingOf(let address): Endpoint(address, Self.port)
        }
    }

    private var target: String {
        switch self {
        case .gateways: "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
        case .everything, .everythingOf: "ssdp:all"
        }
    }

    package func encoded() -> [UInt8] {
        var lines = ["M-SEARCH * HTTP/1.1", "HOST: \(destination)", "ST: \(target)", "MAN: \"ssdp:discover\""]
        // Devices spread their answers to a group over MX seconds, of which 1 is the least.
        if destination == Self.group { lines.append("MX: 1") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}

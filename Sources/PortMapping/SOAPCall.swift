package import Wire

/// An action of WANIPConnection or WANPPPConnection with its arguments (IGD: WANIPConnection:2 §2.5).
package enum SOAPCall: Hashable, Sendable {
    case getExternalIPAddress
    /// A lease of 0 lasts until it is removed (version 1) or as long as the gateway likes (version 2), in seconds.
    case addPortMapping(PortRule, lease: UInt32)
    /// The same, but the gateway may choose another external port.
    case addAnyPortMapping(PortRule, lease: UInt32)
    case deletePortMapping(externalPort: UInt16)

    /// A rule for UDP from any remote host.
    package struct PortRule: Hashable, Sendable {
        package var externalPort: UInt16
        package var internalPort: UInt16
        package var client: IPAddress

        package init(externalPort: UInt16, internalPort: UInt16, client: IPAddress) {
            self.externalPort = externalPort
            self.internalPort = internalPort
            self.client = client
        }
    }

    /// What the gateway's pages show as the rule's owner.
    static let ruleName = "causeway"

    package var action: String {
        switch self {
        case .getExternalIPAddress: "GetExternalIPAddress"
        case .addPortMapping: "AddPortMapping"
        case .addAnyPortMapping: "AddAnyPortMapping"
        case .deletePortMapping: "DeletePortMapping"
        }
    }

    /// In the order of the specification, which some gateways insist on.
    private var arguments: [(name: String, value: String)] {
        switch self {
        case .getExternalIPAddress: []
        case .addPortMapping(let rule, let lease), .addAnyPortMapping(let rule, let lease):
            [
                ("NewRemoteHost", ""), ("NewExternalPort", "\(rule.externalPort)"), ("NewProtocol", "UDP"),
                ("NewInternalPort", "\(rule.internalPort)"), ("NewInternalClient", "\(rule.client)"), ("NewEnabled", "1"),
                ("NewPortMappingDescription", Self.ruleName), ("NewLeaseDuration", "\(lease)"),
            ]
        case .deletePortMapping(let externalPort):
            [("NewRemoteHost", ""), ("NewExternalPort", "\(externalPort)"), ("NewProtocol", "UDP")]
        }
    }

    /// The SOAP 1.1 envelope (UPnP Device Architecture 1.1 §3.1.1).
    package func envelope(for kind: IGDService.Kind) -> String {
        let arguments = arguments.map { "<\($0.name)>\(Self.escaped($0.value))</\($0.name)>" }.joined()
        return "<?xml version=\"1.0\"?>\r\n"
            + "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
            + "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
            + "<u:\(action) xmlns:u=\"\(kind.serviceType)\">\(arguments)</u:\(action)>"
            + "</s:Body></s:Envelope>\r\n"
    }

    /// Text as it may stand between tags (XML 1.0 §2.4).
    package static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&apos;"
            default:
                // XML has no control characters but these three (§2.2).
                if scalar.value >= 0x20 || ["\t", "\n", "\r"].contains(scalar) { escaped.unicodeScalars.append(scalar) }
            }
        }
    }
}

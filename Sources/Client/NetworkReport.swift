/// What a node can say of the network it is in: the result of `netcheck`.
public struct NetworkReport: Codable, Hashable, Sendable {
    /// Whether any UDP answer came back.
    public var udp: Bool
    /// This machine's IPv4 `ADDRESS:PORT` as the Internet sees it; nil without an answer.
    public var mappedIPv4: String?
    /// The same for IPv6.
    public var mappedIPv6: String?
    /// Whether the machine has an IPv6 default route, whatever answers come.
    public var hasIPv6Route: Bool?
    /// The prefix by which a NAT64 shows the IPv4 Internet to this machine without IPv4.
    public var nat64Prefix: String?
    /// Whether the system translates IPv4 by itself (464XLAT).
    public var hasCLAT: Bool?
    /// Whether there is an address translation before the Internet (IPv4).
    public var isTranslated: Bool?
    /// Whether two servers saw two different mapped addresses of one socket.
    public var mappingVariesByDestination: Bool?
    /// RFC 4787 §4.1: `endpoint-independent`, `address-dependent` or `address-and-port-dependent`.
    public var mapping: String?
    /// RFC 4787 §5, in the same words.
    public var filtering: String?
    /// The same for a firewall in front of IPv6; nil also where the server has only one IPv6 address, which cannot tell.
    public var filteringIPv6: String?
    /// How the translation gives out ports: `preserving`, `sequential` or `random`; `not preserving` when no more is known.
    public var portAllocation: String?
    /// The step between two ports of a sequence.
    public var portStep: Int?
    /// Whether even ports are mapped to even ones and odd to odd.
    public var keepsPortParity: Bool?
    /// How long a mapping lives without traffic, in seconds: a lower bound that a running node measured.
    public var mappingLifetimeSeconds: Double?
    /// Whether two hosts behind the translation reach each other by their mapped addresses.
    public var hairpinning: Bool?
    /// Whether another translation stands behind the first.
    public var isNested: Bool?
    /// What the gateway says to a wish for a port mapping; nil without a gateway.
    public var portMapping: GatewayStatus?
    /// The same for the IPv6 gateway.
    public var portMappingIPv6: GatewayStatus?
    /// Whether a captive portal answers in the server's place; nil when that cannot be told.
    public var captivePortal: Bool?
    /// What shows the captive portal.
    public var captivePortalSign: String?
    /// The server asked.
    public var server: String
    /// The time of one exchange with the relay over its TLS connection.
    public var relayMilliseconds: Double?
    /// Why the server did not answer, in one sentence; nil when it did.
    public var relayProblem: String?
    /// The fastest STUN answer.
    public var stunMilliseconds: Double?

    public init(server: String) {
        self.server = server
        udp = false
    }

    /// Whether TCP gets through to the server and UDP does not.
    public var isUDPBlocked: Bool { !udp && relayMilliseconds != nil }
}

extension NetworkReport {
    /// The report in lines as people know them from other tools.
    public var text: String {
        var lines = ["", "Report:"]
        lines.append("\t* UDP: \(udp)\(isUDPBlocked ? " (blocked: the server answers by TCP only)" : "")")
        lines.append("\t* IPv4: \(mappedIPv4.map { "yes, \($0)" } ?? "(no addr found)")")
        lines.append("\t* IPv6: \(mappedIPv6.map { "yes, \($0)" } ?? ipv6Text)")
        if let nat64Prefix { lines.append("\t* NAT64: \(nat64Prefix)") }
        if hasCLAT == true { lines.append("\t* CLAT: true") }
        lines.append("\t* NAT: \(Self.word(isTranslated))\(isNested == true ? ", behind another one" : "")")
        lines.append("\t* MappingVariesByDestIP: \(Self.word(mappingVariesByDestination))")
        if let mapping { lines.append("\t* Mapping: \(mapping)") }
        if let filtering { lines.append("\t* Filtering: \(filtering)") }
        if let filteringIPv6 { lines.append("\t* Filtering (IPv6): \(filteringIPv6)") }
        if let portAllocation { lines.append("\t* Ports: \(portAllocation)\(portDetail)") }
        if let hairpinning { lines.append("\t* Hairpinning: \(hairpinning)") }
        if let mappingLifetimeSeconds { lines.append("\t* MappingLifetime: at least \(Int(mappingLifetimeSeconds)) s") }
        if let portMapping { lines.append("\t* PortMapping: \(portMapping.text)") }
        if let portMappingIPv6, portMappingIPv6.protocols != "none" {
            lines.append("\t* PortMapping (IPv6): \(portMappingIPv6.text)")
        }
        lines.append("\t* CaptivePortal: \(Self.word(captivePortal))\(captivePortalSign.map { " (\($0))" } ?? "")")
        lines.append("\t* Relay: \(server)")
        if let relayMilliseconds {
            lines.append("\t* Relay latency: \(Milliseconds.text(relayMilliseconds))")
        } else {
            lines.append("\t* Relay latency: \(relayProblem ?? "unknown")")
        }
        if let stunMilliseconds { lines.append("\t* STUN latency: \(Milliseconds.text(stunMilliseconds))") }
        return lines.joined(separator: "\n")
    }

    private var ipv6Text: String {
        hasIPv6Route == true ? "no answer, though there is a route" : "no, this machine has no IPv6 route"
    }

    private var portDetail: String {
        var detail = portStep.map { ", step \($0)" } ?? ""
        if keepsPortParity == true, portAllocation != "preserving" { detail += ", parity kept" }
        return detail
    }

    private static func word(_ value: Bool?) -> String {
        switch value {
        case true: "true"
        case false: "false"
        case nil: "unknown"
        }
    }
}

/// Milliseconds as they are printed: one decimal.
package enum Milliseconds {
    package static func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10)) ms"
    }
}

/// What a node can say of the network it is in: the result of `netcheck`.
public struct NetworkReport: Codable, Hashable, Sendable {
    /// Whether any UDP answer came back.
    public var udp: Bool
    /// This machine's IPv4 `ADDRESS:PORT` as the Internet sees it; nil without an answer.
    public var mappedIPv4: String?
    /// The same for IPv6.
    public var mappedIPv6: String?
    /// Whether there is an address translation before the Internet (IPv4).
    public var isTranslated: Bool?
    /// Whether two servers saw two different mapped addresses of one socket.
    public var mappingVariesByDestination: Bool?
    /// RFC 4787 §4.1: `endpoint-independent`, `address-dependent` or `address-and-port-dependent`.
    public var mapping: String?
    /// RFC 4787 §5, in the same words.
    public var filtering: String?
    /// How the translation gives out ports: `preserving`, `sequential` or `random`.
    public var portAllocation: String?
    /// Whether two hosts behind the translation reach each other by their mapped addresses.
    public var hairpinning: Bool?
    /// Whether another translation stands behind the first.
    public var isNested: Bool?
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

    /// The report in lines as people know them from other tools.
    public var text: String {
        var lines = ["", "Report:"]
        lines.append("\t* UDP: \(udp)")
        lines.append("\t* IPv4: \(mappedIPv4.map { "yes, \($0)" } ?? "(no addr found)")")
        lines.append("\t* IPv6: \(mappedIPv6.map { "yes, \($0)" } ?? "no, or the server has no IPv6 address")")
        lines.append("\t* NAT: \(Self.word(isTranslated))\(isNested == true ? ", behind another one" : "")")
        lines.append("\t* MappingVariesByDestIP: \(Self.word(mappingVariesByDestination))")
        if let mapping { lines.append("\t* Mapping: \(mapping)") }
        if let filtering { lines.append("\t* Filtering: \(filtering)") }
        if let portAllocation { lines.append("\t* Ports: \(portAllocation)") }
        if let hairpinning { lines.append("\t* Hairpinning: \(hairpinning)") }
        lines.append("\t* Relay: \(server)")
        if let relayMilliseconds {
            lines.append("\t* Relay latency: \(Milliseconds.text(relayMilliseconds))")
        } else {
            lines.append("\t* Relay latency: \(relayProblem ?? "unknown")")
        }
        if let stunMilliseconds { lines.append("\t* STUN latency: \(Milliseconds.text(stunMilliseconds))") }
        return lines.joined(separator: "\n")
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

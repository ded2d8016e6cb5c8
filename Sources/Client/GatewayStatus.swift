internal import PortMapping
internal import Wire

/// What a node knows of its gateway: which protocols for port mappings it speaks, and what came of asking.
public struct GatewayStatus: Codable, Hashable, Sendable {
    /// The gateway's address on our side.
    public var address: String?
    /// Whether each protocol is spoken; nil when it is not known.
    public var pcp: Bool?
    public var natPMP: Bool?
    public var upnp: Bool?
    /// What the gateway's UPnP device calls itself.
    public var device: String?
    /// The protocol of the mapping: `pcp`, `nat-pmp` or `upnp`.
    public var method: String?
    /// `ADDRESS:PORT` at which the gateway lets packets to this node in.
    public var mapped: String?
    /// What the gateway calls its external address.
    public var externalAddress: String?
    /// Whether another translation stands outside of the gateway, so that its mapping does not reach the Internet.
    public var isDoubleNAT: Bool
    /// Why there is no mapping, in one sentence.
    public var problem: String?

    /// - Parameter seen: the address that STUN servers see.
    init(_ report: GatewayReport, seen: IPAddress?) {
        address = report.gateway?.description
        pcp = report.pcp.isSpoken
        natPMP = report.natPMP.isSpoken
        upnp = report.upnp.isSpoken
        device = report.deviceName
        method = report.mapping?.method.name
        mapped = report.mapping?.external.description
        externalAddress = report.externalAddress?.description
        isDoubleNAT = report.isDoubleNAT(seen: seen)
        if report.mapping == nil { problem = report.failure?.sentence }
    }

    /// The protocols that are spoken, or that none is.
    public var protocols: String {
        let all = [("PCP", pcp), ("NAT-PMP", natPMP), ("UPnP", upnp)]
        let spoken = all.filter { $0.1 == true }.map(\.0)
        if !spoken.isEmpty { return spoken.joined(separator: ", ") }
        return all.contains { $0.1 == nil } ? "unknown" : "none"
    }

    /// All of it in one line.
    public var text: String {
        var text = protocols
        if let device, upnp == true { text += " (\(device))" }
        if let mapped, let method { text += "; \(mapped) is mapped by \(method)" }
        if let problem { text += "; no mapping: \(problem)" }
        if isDoubleNAT {
            text += "; another NAT stands behind it\(externalAddress.map { " (it calls itself \($0))" } ?? "")"
        }
        return text
    }
}

extension GatewayReport.Presence {
    /// Nil when it is not known.
    fileprivate var isSpoken: Bool? {
        switch self {
        case .unknown: nil
        case .absent: false
        case .present: true
        }
    }
}

extension MappingFailure {
    /// The failure for people.
    fileprivate var sentence: String {
        switch self {
        case .noAnswer: "the gateway does not answer any more"
        case .notAuthorized: "the gateway does not allow it"
        case .networkDown: "the gateway says that it has no connection to the outside"
        case .outOfResources: "the gateway has no port or memory left"
        case .unsupported: "the gateway lacks what is needed of the protocol"
        case .unusableAddress(let address): "the gateway calls itself \(address), which nobody outside can reach"
        case .portConflict: "every port that was asked for belongs to somebody else"
        case .noService: "the UPnP device maps no ports"
        case .refused(let method, let code): "the gateway refuses (\(method.name) code \(code))"
        }
    }
}

import PortMapping
import Wire

/// A home router on paper: it keeps a table of UDP mappings and answers whichever protocols it is told to speak.
///
/// It reads requests and writes answers byte by byte from the RFCs' figures, with nothing of the code under test.
struct FakeGateway {
    let address = IPAddress(192, 168, 1, 1)
    var external = IPAddress(203, 0, 113, 7)
    var speaks: Set<MappingMethod> = []
    /// The time from a request's arrival to its answer, each way included.
    var latency: Duration = .milliseconds(2)
    var startedAt = Instant.zero
    /// What is granted at most, in seconds.
    var longestLease: UInt32 = 7200
    var pcpResult: UInt8 = 0
    var pcpRefusalLifetime: UInt32 = 30
    var natPMPResult: UInt16 = 0
    /// Changes the nonce in PCP answers.
    var forgesNonce = false
    /// What MAP requests are not answered although the protocol is spoken.
    var ignoresMaps = false
    var location = "http://192.168.1.1:5000/rootDesc.xml"
    var description = FakeGateway.description(services: [("WANIPConnection:1", "/ctl/IPConn")])
    /// Refuses AddPortMapping and AddAnyPortMapping with the code returned; nil accepts.
    var refuses: (_ call: Call) -> Int? = { _ in nil }
    /// Answers in place of the gateway.
    var answers: (_ call: Call) -> HTTPAnswer? = { _ in nil }

    struct Call: Equatable {
        var path: String
        var action: String
        var externalPort: UInt16 = 0
        var internalPort: UInt16 = 0
        var lease: UInt32 = 0
    }

    struct Entry: Equatable {
        var internalPort: UInt16
        var lifetime: UInt32
    }

    /// External port to what it leads to.
    private(set) var table: [UInt16: Entry] = [:]
    private(set) var calls: [Call] = []
    private(set) var fetchedPaths: [String] = []

    mutating func restart(at now: Instant) {
        table = [:]
        startedAt = now
    }

    /// Gives a port to somebody else.
    mutating func occupy(_ port: UInt16) {
        table[port] = Entry(internalPort: 0, lifetime: 1)
    }

    // MARK: Datagrams

    mutating func receive(_ bytes: [UInt8], to destination: Endpoint, at now: Instant) -> [(bytes: [UInt8], port: UInt16)] {
        if destination.port == 1900 {
            guard speaks.contains(.upnp) else { return [] }
            return [(Self.ssdpAnswer(location: location), 1900)]
        }
        guard destination == Endpoint(address, 5351), let version = bytes.first else { return [] }
        let epoch = UInt32(max(0, (now - startedAt).components.seconds))
        let answer = version == 2 ? pcp(bytes, epoch: epoch) : natPMP(bytes, epoch: epoch)
        guard let answer else { return [] }
        return [(answer, 5351)]
    }

    private mutating func pcp(_ bytes: [UInt8], epoch: UInt32) -> [UInt8]? {
        guard speaks.contains(.pcp) else {
            // A NAT-PMP gateway does not know version 2.
            return speaks.contains(.natPMP) ? [0, 128 + bytes[1], 0, 1] + Self.big(epoch) : nil
        }
        let opcode = bytes[1]
        guard opcode == 1 else {
            return [2, 128, 0, 0] + Self.big(UInt32(0)) + Self.big(epoch) + [UInt8](repeating: 0, count: 12)
        }
        guard !ignoresMaps, bytes.count == 60, bytes[36] == 17 else { return nil }
        let asked = Self.uint32(bytes, 4)
        let internalPort = Self.uint16(bytes, 40)
        var port = Self.uint16(bytes, 42)
        var nonce = Array(bytes[24..<36])
        if forgesNonce { nonce[0] ^= 1 }
        var lifetime = min(asked, longestLease)
        var result = pcpResult
        if result != 0 {
            lifetime = pcpRefusalLifetime
        } else if asked == 0 {
            table = table.filter { $0.value.internalPort != internalPort }
            port = 0
            result = 0
        } else {
            port = assign(port, to: internalPort, lifetime: lifetime)
        }
        return [2, 129, 0, result] + Self.big(lifetime) + Self.big(epoch) + [UInt8](repeating: 0, count: 12)
            + nonce + [17, 0, 0, 0] + Self.big(internalPort) + Self.big(port)
            + [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + external.bytes
    }

    private mutating func natPMP(_ bytes: [UInt8], epoch: UInt32) -> [UInt8]? {
        guard speaks.contains(.natPMP) else { return nil }
        let head = [0, 128 + bytes[1]] + Self.big(natPMPResult) + Self.big(epoch)
        if bytes[1] == 0 { return head + (natPMPResult == 0 ? external.bytes : [0, 0, 0, 0]) }
        guard !ignoresMaps, bytes[1] == 1, bytes.count == 12 else { return nil }
        guard natPMPResult == 0 else { return head }
        let internalPort = Self.uint16(bytes, 4)
        var port = Self.uint16(bytes, 6)
        let lifetime = min(Self.uint32(bytes, 8), longestLease)
        if lifetime == 0 {
            table = table.filter { $0.value.internalPort != internalPort }
            port = 0
        } else {
            port = assign(port, to: internalPort, lifetime: lifetime)
        }
        return head + Self.big(internalPort) + Self.big(port) + Self.big(lifetime)
    }

    private mutating func assign(_ wished: UInt16, to internalPort: UInt16, lifetime: UInt32) -> UInt16 {
        if let port = table.first(where: { $0.value.internalPort == internalPort })?.key {
            table[port]?.lifetime = lifetime
            return port
        }
        var port = wished == 0 ? 40000 : wished
        while table[port] != nil { port += 1 }
        table[port] = Entry(internalPort: internalPort, lifetime: lifetime)
        return port
    }

    // MARK: UPnP

    mutating func answer(_ request: HTTPRequest) -> HTTPAnswer {
        guard request.target.server.address == address else { return .failed }
        guard request.method == .post else {
            fetchedPaths.append(request.target.path)
            return answers(Call(path: request.target.path, action: "GET")) ?? .answered(status: 200, description)
        }
        let text = String(decoding: request.body, as: UTF8.self)
        let action = request.fields.first { $0.name == "SOAPAction" }?.value.split(separator: "#").last?.dropLast()
        let call = Call(
            path: request.target.path, action: String(action ?? ""),
            externalPort: Self.argument("NewExternalPort", of: text).flatMap { UInt16($0) } ?? 0,
            internalPort: Self.argument("NewInternalPort", of: text).flatMap { UInt16($0) } ?? 0,
            lease: Self.argument("NewLeaseDuration", of: text).flatMap { UInt32($0) } ?? 0)
        calls.append(call)
        if let answer = answers(call) { return answer }
        switch call.action {
        case "GetExternalIPAddress": return Self.success("GetExternalIPAddress", ["NewExternalIPAddress": "\(external)"])
        case "AddPortMapping", "AddAnyPortMapping":
            if let code = refuses(call) { return Self.fault(code) }
            if let entry = table[call.externalPort], entry.internalPort != call.internalPort { return Self.fault(718) }
            table[call.externalPort] = Entry(internalPort: call.internalPort, lifetime: call.lease)
            return Self.success(
                call.action, call.action == "AddPortMapping" ? [:] : ["NewReservedPort": "\(call.externalPort)"])
        case "DeletePortMapping":
            return table.removeValue(forKey: call.externalPort) == nil ? Self.fault(714) : Self.success(call.action, [:])
        default: return Self.fault(401)
        }
    }

    static func success(_ action: String, _ values: [String: String]) -> HTTPAnswer {
        let response = XMLTree("u:\(action)Response", children: values.map { XMLTree($0.key, $0.value) })
        return .answered(status: 200, XMLTree("s:Envelope", children: [XMLTree("s:Body", children: [response])]))
    }

    static func fault(_ code: Int) -> HTTPAnswer {
        let error = XMLTree("UPnPError", children: [XMLTree("errorCode", "\(code)"), XMLTree("errorDescription", "no")])
        let fault = XMLTree("s:Fault", children: [XMLTree("faultcode", "s:Client"), XMLTree("detail", children: [error])])
        return .answered(status: 500, XMLTree("s:Envelope", children: [XMLTree("s:Body", children: [fault])]))
    }

    /// A gateway's description with its services three devices deep, as they all have it.
    static func description(services: [(type: String, control: String)], base: String? = nil) -> XMLTree {
        let list = XMLTree(
            "serviceList",
            children: services.map {
                XMLTree(
                    "service",
                    children: [
                        XMLTree("serviceType", "urn:schemas-upnp-org:service:\($0.type)"), XMLTree("controlURL", $0.control),
                    ])
            })
        let connection = XMLTree("device", children: [list])
        let wan = XMLTree("device", children: [XMLTree("deviceList", children: [connection])])
        let gateway = XMLTree(
            "device", children: [XMLTree("friendlyName", "Home\u{7} Router"), XMLTree("deviceList", children: [wan])])
        return XMLTree("root", children: (base.map { [XMLTree("URLBase", $0)] } ?? []) + [gateway])
    }

    static func ssdpAnswer(location: String) -> [UInt8] {
        Array(
            """
            HTTP/1.1 200 OK\r
            CACHE-CONTROL: max-age=120\r
            ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
            USN: uuid:00000000-0000-0000-0000-000000000001::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
            EXT:\r
            SERVER: router UPnP/1.1\r
            LOCATION: \(location)\r
            \r

            """.utf8)
    }

    // MARK: Bytes

    private static func argument(_ name: String, of text: String) -> Substring? {
        guard let start = text.firstRange(of: "<\(name)>"), let end = text.firstRange(of: "</\(name)>") else { return nil }
        return text[start.upperBound..<end.lowerBound]
    }

    static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
    static func big(_ value: UInt32) -> [UInt8] { big(UInt16(value >> 16)) + big(UInt16(value & 0xffff)) }
    static func uint16(_ bytes: [UInt8], _ offset: Int) -> UInt16 { UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) }
    static func uint32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(uint16(bytes, offset)) << 16 | UInt32(uint16(bytes, offset + 2))
    }
}

internal import Wire

/// A DERP map with this relay alone, in the form that Tailscale and Headscale take.
struct DERPMap: Encodable {
    struct Region: Encodable {
        let regionID: Int
        let regionCode: String
        let regionName: String
        let nodes: [Node]

        private enum CodingKeys: String, CodingKey {
            case regionID = "RegionID"
            case regionCode = "RegionCode"
            case regionName = "RegionName"
            case nodes = "Nodes"
        }
    }

    struct Node: Encodable {
        let name: String
        let regionID: Int
        let hostName: String
        /// `none` keeps clients from looking the host name up.
        let ipv4: String
        let ipv6: String
        let derpPort: Int
        /// -1 when STUN is off.
        let stunPort: Int
        let certName: String?
        let insecureForTests: Bool?

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case regionID = "RegionID"
            case hostName = "HostName"
            case ipv4 = "IPv4"
            case ipv6 = "IPv6"
            case derpPort = "DERPPort"
            case stunPort = "STUNPort"
            case certName = "CertName"
            case insecureForTests = "InsecureForTests"
        }
    }

    let omitDefaultRegions = true
    let regions: [String: Region]

    private enum CodingKeys: String, CodingKey {
        case omitDefaultRegions = "OmitDefaultRegions"
        case regions = "Regions"
    }

    init(_ server: Advertisement) {
        let region = Int(Advertisement.regionID)
        let (ipv4, ipv6) = (server.addresses.first { $0.isIPv4 }, server.addresses.first { !$0.isIPv4 })
        // A host given by name alone is looked up by the client, in both families.
        let isNameOnly = ipv4 == nil && ipv6 == nil
        let node = Node(
            name: "\(region)a", regionID: region, hostName: Self.urlHost(server.hosts.first ?? "localhost"),
            ipv4: ipv4?.description ?? (isNameOnly ? "" : "none"), ipv6: ipv6?.description ?? (isNameOnly ? "" : "none"),
            derpPort: Int(server.port), stunPort: server.stunPort.map(Int.init) ?? -1,
            certName: server.certificateDigest.map { "sha256-raw:" + Hexadecimal.encode($0) },
            insecureForTests: server.isPlainHTTP ? true : nil)
        regions = [
            String(region): Region(regionID: region, regionCode: "causeway", regionName: server.name, nodes: [node])
        ]
    }

    /// A host as clients put it into a URL: an IPv6 address in brackets.
    private static func urlHost(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}

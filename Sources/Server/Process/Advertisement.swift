internal import Coordination
internal import Wire

/// How clients reach this server and know it: what the join line, the DERP map and `/v1/server` say.
struct Advertisement: Sendable, Equatable {
    /// The region of self-hosted relays in a DERP map (900 to 999 are theirs).
    static let regionID: UInt16 = 900

    var name: String
    var version: String
    var serverKey: NodeKey
    /// Names and addresses of the server, the best first.
    var hosts: [String]
    /// The port of HTTPS and the relay.
    var port: UInt16
    var isPlainHTTP: Bool
    /// The SHA-256 of the self-signed certificate; nil when it is vouched for.
    var certificateDigest: [UInt8]?
    /// The UDP port of STUN; nil when it is off.
    var stunPort: UInt16?
    /// The second address and port of RFC 5780.
    var stunAlternate: Endpoint?

    /// The addresses among the hosts.
    var addresses: [IPAddress] { hosts.compactMap { IPAddress($0) } }

    /// The line that a new node needs, or nil when the server does not know its own address.
    func joinLine(_ key: JoinKeySecret) -> JoinLine? {
        hosts.first.flatMap {
            JoinLine(host: $0, port: port, isPlainHTTP: isPlainHTTP, certificateDigest: certificateDigest, joinKey: key)
        }
    }

    func serverDescription(at time: Timestamp) -> ServerDescription {
        ServerDescription(
            name: name, version: version, publicKey: serverKey,
            stun: STUNService(
                port: stunPort ?? 0, endpoints: stunPort.map { port in addresses.map { Endpoint($0, port) } } ?? [],
                alternate: stunAlternate),
            relays: [RelayRegion(id: Self.regionID, name: name, nodeKey: serverKey)], time: time)
    }
}

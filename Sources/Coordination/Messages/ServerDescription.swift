package import Wire

/// The answer to `GET /v1/server`: who the server is and what it offers.
package struct ServerDescription: Codable, Equatable, Sendable {
    /// The server's name, for people.
    package var name: String
    package var version: String
    /// The relay's node key; proofs of possession are sealed for it.
    package var publicKey: NodeKey
    package var stun: STUNService
    package var relays: [RelayRegion]
    /// The server's clock, so that a client can tell that its own is wrong.
    package var time: Timestamp

    package init(
        name: String, version: String, publicKey: NodeKey, stun: STUNService, relays: [RelayRegion],
        time: Timestamp
    ) {
        self.name = name
        self.version = version
        self.publicKey = publicKey
        self.stun = stun
        self.relays = relays
        self.time = time
    }
}

/// Where STUN answers.
package struct STUNService: Codable, Equatable, Sendable {
    /// The UDP port on the host that the client reached the server by.
    package var port: UInt16
    /// Addresses that are known to be reachable. May be empty: then the host is the one that the client already uses.
    package var endpoints: [Endpoint]
    /// The second address and port of RFC 5780 §6, when behaviour discovery is on.
    package var alternate: Endpoint?

    package init(port: UInt16, endpoints: [Endpoint], alternate: Endpoint? = nil) {
        self.port = port
        self.endpoints = endpoints
        self.alternate = alternate
    }
}

/// A relay that nodes may call home.
package struct RelayRegion: Codable, Equatable, Sendable {
    /// The region's number, as in a DERP map.
    package var id: UInt16
    package var name: String
    /// The relay's base URL; nil when it is on the host and port that the client already uses.
    package var url: String?
    /// The key that the relay proves at login. A client refuses any other.
    package var nodeKey: NodeKey

    package init(id: UInt16, name: String, url: String? = nil, nodeKey: NodeKey) {
        self.id = id
        self.name = name
        self.url = url
        self.nodeKey = nodeKey
    }
}

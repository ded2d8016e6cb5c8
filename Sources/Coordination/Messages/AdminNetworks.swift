/// A network as operators see it.
package struct NetworkDescription: Codable, Equatable, Sendable {
    package var id: NetworkID
    package var name: String
    package var created: Timestamp
    /// How many nodes it has.
    package var nodes: Int

    package init(id: NetworkID, name: String, created: Timestamp, nodes: Int) {
        self.id = id
        self.name = name
        self.created = created
        self.nodes = nodes
    }
}

/// The body of `POST /v1/admin/networks`.
package struct NewNetwork: Codable, Equatable, Sendable {
    package var name: String

    package init(name: String) {
        self.name = name
    }
}

/// The answer to `GET /v1/admin/networks`.
package struct NetworkList: Codable, Equatable, Sendable {
    package var networks: [NetworkDescription]

    package init(networks: [NetworkDescription]) {
        self.networks = networks
    }
}

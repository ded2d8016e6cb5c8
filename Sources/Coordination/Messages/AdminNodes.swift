package import Wire

/// A node as operators see it.
package struct NodeDescription: Codable, Equatable, Sendable {
    package var node: Peer
    package var network: NetworkReference
    package var created: Timestamp
    /// When it must register again with a join key; nil for never.
    package var expires: Timestamp?
    package var expired: Bool
    package var ephemeral: Bool
    /// Whether a relay connection or an event stream of it is open.
    package var online: Bool
    /// The join key that admitted it, as long as that is remembered.
    package var joinKey: JoinKeyID?

    package init(
        node: Peer, network: NetworkReference, created: Timestamp, expires: Timestamp?, expired: Bool,
        ephemeral: Bool,
        online: Bool, joinKey: JoinKeyID?
    ) {
        self.node = node
        self.network = network
        self.created = created
        self.expires = expires
        self.expired = expired
        self.ephemeral = ephemeral
        self.online = online
        self.joinKey = joinKey
    }
}

/// The answer to `GET /v1/admin/nodes`.
package struct NodeList: Codable, Equatable, Sendable {
    package var nodes: [NodeDescription]

    package init(nodes: [NodeDescription]) {
        self.nodes = nodes
    }
}

/// The body of `PATCH /v1/admin/nodes/{id}`: what is missing stays as it is.
package struct NodeChange: Codable, Equatable, Sendable {
    /// The new name, exactly: a taken one is refused.
    package var name: String?
    /// The new expiry; a time that has passed cuts the node off at once.
    package var expires: Timestamp?
    /// Whether to take the expiry away.
    package var neverExpires: Bool?

    package init(name: String? = nil, expires: Timestamp? = nil, neverExpires: Bool? = nil) {
        self.name = name
        self.expires = expires
        self.neverExpires = neverExpires
    }
}

/// The question that a DERP server asks `POST /verify`, in the words of its protocol.
package struct VerifyRequest: Codable, Equatable, Sendable {
    package var nodePublic: NodeKey
    /// The address that the client connects from.
    package var source: String?

    package init(nodePublic: NodeKey, source: String? = nil) {
        self.nodePublic = nodePublic
        self.source = source
    }

    private enum CodingKeys: String, CodingKey {
        case nodePublic = "NodePublic"
        case source = "Source"
    }
}

/// The answer to `POST /verify`.
package struct VerifyResponse: Codable, Equatable, Sendable {
    package var allow: Bool

    package init(allow: Bool) {
        self.allow = allow
    }

    private enum CodingKeys: String, CodingKey {
        case allow = "Allow"
    }
}

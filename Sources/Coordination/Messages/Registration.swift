package import Wire

/// The answer to `POST /v1/challenges`.
package struct ChallengeResponse: Codable, Equatable, Sendable {
    package var challenge: Challenge
    /// When the server stops to accept it.
    package var expires: Timestamp
    /// The key to seal the proof for.
    package var publicKey: NodeKey

    package init(challenge: Challenge, expires: Timestamp, publicKey: NodeKey) {
        self.challenge = challenge
        self.expires = expires
        self.publicKey = publicKey
    }
}

/// The body of `POST /v1/nodes`, sent with a proof of `nodeKey`.
package struct RegistrationRequest: Codable, Equatable, Sendable {
    /// The key that admits the node. Not needed by a node that the server knows and that has not expired.
    package var joinKey: JoinKeySecret?
    package var nodeKey: NodeKey
    package var discoKey: DiscoKey
    /// The wish for a name; the server makes one up when it is missing. A known node keeps the name it has,
    /// unless `exactName` is set.
    package var name: String?
    /// Whether to refuse (409) rather than append a number when the name is taken.
    package var exactName: Bool?

    package init(
        joinKey: JoinKeySecret?, nodeKey: NodeKey, discoKey: DiscoKey, name: String? = nil,
        exactName: Bool? = nil
    ) {
        self.joinKey = joinKey
        self.nodeKey = nodeKey
        self.discoKey = discoKey
        self.name = name
        self.exactName = exactName
    }
}

/// The answer to `POST /v1/nodes`.
package struct RegistrationResponse: Codable, Equatable, Sendable {
    /// What the node shows from then on (`Authorization: Bearer …`); an older token of the node is void.
    package var token: BearerToken
    package var node: Peer
    package var network: NetworkReference
    /// Whether the node is removed when it has been gone for 30 minutes.
    package var ephemeral: Bool
    /// When the node must register again with a join key; nil for never.
    package var expires: Timestamp?

    package init(
        token: BearerToken, node: Peer, network: NetworkReference, ephemeral: Bool, expires: Timestamp?
    ) {
        self.token = token
        self.node = node
        self.network = network
        self.ephemeral = ephemeral
        self.expires = expires
    }
}

/// A network's number and name.
package struct NetworkReference: Codable, Hashable, Sendable {
    package var id: NetworkID
    package var name: String

    package init(id: NetworkID, name: String) {
        self.id = id
        self.name = name
    }
}

/// The body of `PUT /v1/nodes/self/keys`, sent with a proof of the present node key,
/// and one of the replacement when `nodeKey` is there.
package struct KeyRotationRequest: Codable, Equatable, Sendable {
    package var nodeKey: NodeKey?
    package var discoKey: DiscoKey?

    package init(nodeKey: NodeKey? = nil, discoKey: DiscoKey? = nil) {
        self.nodeKey = nodeKey
        self.discoKey = discoKey
    }
}

/// The answer to `PUT /v1/nodes/self/keys`. The token stays valid.
package struct KeyRotationResponse: Codable, Equatable, Sendable {
    package var node: Peer

    package init(node: Peer) {
        self.node = node
    }
}

/// Whether a join key still admits nodes.
package enum JoinKeyState: String, Codable, CaseIterable, Sendable {
    case valid
    case used
    case expired
    case revoked
}

/// The body of `POST /v1/admin/join-keys`. An empty object makes a single-use key for the network `default`, good for a day.
package struct NewJoinKey: Codable, Equatable, Sendable {
    /// The network's name; nil for `default`.
    package var network: String?
    /// How many nodes it admits, at least 1; nil for one.
    package var uses: Int?
    /// Whether it admits any number of nodes; then `uses` must be missing.
    package var reusable: Bool?
    /// How long it is good for, in seconds; nil for a day.
    package var lifetimeSeconds: Int64?
    /// Whether its nodes are removed when they have been gone for 30 minutes.
    package var ephemeral: Bool?
    /// What the operator wants to remember, at most 200 characters.
    package var note: String?

    package init(
        network: String? = nil, uses: Int? = nil, reusable: Bool? = nil, lifetimeSeconds: Int64? = nil,
        ephemeral: Bool? = nil,
        note: String? = nil
    ) {
        self.network = network
        self.uses = uses
        self.reusable = reusable
        self.lifetimeSeconds = lifetimeSeconds
        self.ephemeral = ephemeral
        self.note = note
    }
}

/// A join key as operators see it: all but the key.
package struct JoinKeyDescription: Codable, Equatable, Sendable {
    package var id: JoinKeyID
    package var network: NetworkReference
    package var state: JoinKeyState
    package var created: Timestamp
    package var expires: Timestamp
    package var revoked: Timestamp?
    /// How many nodes it has admitted.
    package var used: Int
    /// How many it may admit in all; nil for any number.
    package var uses: Int?
    package var ephemeral: Bool
    package var note: String?

    package init(
        id: JoinKeyID, network: NetworkReference, state: JoinKeyState, created: Timestamp,
        expires: Timestamp,
        revoked: Timestamp?, used: Int, uses: Int?, ephemeral: Bool, note: String?
    ) {
        self.id = id
        self.network = network
        self.state = state
        self.created = created
        self.expires = expires
        self.revoked = revoked
        self.used = used
        self.uses = uses
        self.ephemeral = ephemeral
        self.note = note
    }
}

/// The answer to `POST /v1/admin/join-keys`: the only time that the key is shown.
package struct CreatedJoinKey: Codable, Equatable, Sendable {
    package var joinKey: JoinKeyDescription
    package var secret: JoinKeySecret
    /// The join line, where the server knows its own address.
    package var line: String?

    package init(joinKey: JoinKeyDescription, secret: JoinKeySecret, line: String? = nil) {
        self.joinKey = joinKey
        self.secret = secret
        self.line = line
    }
}

/// The answer to `GET /v1/admin/join-keys`.
package struct JoinKeyList: Codable, Equatable, Sendable {
    package var joinKeys: [JoinKeyDescription]

    package init(joinKeys: [JoinKeyDescription]) {
        self.joinKeys = joinKeys
    }
}

package import Wire

/// A network, as it is stored.
package struct NetworkRecord: Equatable, Sendable {
    /// The network that exists from the start, with number 1.
    package static let defaultName = "default"
    package static let defaultID = NetworkID(rawValue: 1)

    package var id: NetworkID
    package var name: String
    package var created: Timestamp

    package init(id: NetworkID, name: String, created: Timestamp) {
        self.id = id
        self.name = name
        self.created = created
    }
}

/// A join key, as it is stored: the hash stands for the key.
package struct JoinKeyRecord: Equatable, Sendable {
    package var id: JoinKeyID
    package var network: NetworkID
    package var hash: SecretHash
    package var created: Timestamp
    package var expires: Timestamp
    package var revoked: Timestamp?
    /// How many nodes it has admitted.
    package var used: Int
    /// How many it may admit; nil for any number.
    package var uses: Int?
    package var isEphemeral: Bool
    package var note: String?

    package init(
        id: JoinKeyID, network: NetworkID, hash: SecretHash, created: Timestamp, expires: Timestamp, revoked: Timestamp? = nil,
        used: Int = 0, uses: Int?, isEphemeral: Bool, note: String?
    ) {
        self.id = id
        self.network = network
        self.hash = hash
        self.created = created
        self.expires = expires
        self.revoked = revoked
        self.used = used
        self.uses = uses
        self.isEphemeral = isEphemeral
        self.note = note
    }

    /// Whether it still admits nodes. Revocation tells more than use, and use more than age.
    package func state(at time: Timestamp) -> JoinKeyState {
        if revoked != nil { return .revoked }
        if let uses, used >= uses { return .used }
        return expires <= time ? .expired : .valid
    }
}

/// A node, as it is stored: what must survive a crash once it was acknowledged.
package struct NodeRecord: Equatable, Sendable {
    package var id: NodeID
    package var network: NetworkID
    package var name: String
    package var nodeKey: NodeKey
    package var discoKey: DiscoKey
    package var tokenHash: SecretHash
    /// The join key that admitted it. The key may have been forgotten since: a store lets go of the reference then.
    package var joinKey: JoinKeyID?
    package var isEphemeral: Bool
    package var created: Timestamp
    package var expires: Timestamp?
    package var lastSeen: Timestamp

    package init(
        id: NodeID, network: NetworkID, name: String, nodeKey: NodeKey, discoKey: DiscoKey, tokenHash: SecretHash,
        joinKey: JoinKeyID?, isEphemeral: Bool, created: Timestamp, expires: Timestamp?, lastSeen: Timestamp
    ) {
        self.id = id
        self.network = network
        self.name = name
        self.nodeKey = nodeKey
        self.discoKey = discoKey
        self.tokenHash = tokenHash
        self.joinKey = joinKey
        self.isEphemeral = isEphemeral
        self.created = created
        self.expires = expires
        self.lastSeen = lastSeen
    }

    package func isExpired(at time: Timestamp) -> Bool {
        expires.map { $0 <= time } ?? false
    }
}

/// What a node published last: stored up to a second late, since the node can send it again.
package struct Publication: Equatable, Sendable {
    /// Zero before the first one.
    package var sequence: Int64
    package var candidates: [PublishedCandidate]
    package var homeRelay: UInt16?
    package var nat: NATReport?

    package init(
        sequence: Int64 = 0, candidates: [PublishedCandidate] = [], homeRelay: UInt16? = nil, nat: NATReport? = nil
    ) {
        self.sequence = sequence
        self.candidates = candidates
        self.homeRelay = homeRelay
        self.nat = nat
    }
}

/// A change to what is stored; a store applies changes in the order in which it gets them.
package enum StoreChange: Equatable, Sendable {
    case putNetwork(NetworkRecord)
    /// Its join keys go with it; it has no nodes.
    case removeNetwork(NetworkID)
    case putJoinKey(JoinKeyRecord)
    case removeJoinKey(JoinKeyID)
    case putNode(NodeRecord)
    /// Its publication goes with it.
    case removeNode(NodeID)
    /// Without effect when the node is gone.
    case putPublication(NodeID, Publication)
    /// Without effect when the node is gone.
    case putLastSeen(NodeID, Timestamp)
    case appendAudit(AuditEntry)
    /// Removes the operators' entries up to this one, or everybody else's.
    case trimAudit(through: Int64, administrative: Bool)
}

/// All that is stored: what a registry begins with.
package struct RegistrySnapshot: Equatable, Sendable {
    package struct Node: Equatable, Sendable {
        package var record: NodeRecord
        package var publication: Publication

        package init(record: NodeRecord, publication: Publication) {
            self.record = record
            self.publication = publication
        }
    }

    package var networks: [NetworkRecord] = []
    package var joinKeys: [JoinKeyRecord] = []
    package var nodes: [Node] = []
    /// Oldest first.
    package var audit: [AuditEntry] = []
    /// The last number given to a node, join key, network and audit entry, gone ones included: none is given twice.
    package var lastNodeID: Int64 = 0
    package var lastJoinKeyID: Int64 = 0
    package var lastNetworkID: UInt32 = 0
    package var lastAuditID: Int64 = 0

    package init() {}
}

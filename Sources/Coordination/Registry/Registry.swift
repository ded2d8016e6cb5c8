internal import CryptoBox
package import Wire

/// All networks, join keys and nodes of a server, with their rules.
///
/// A pure machine: requests, time and randomness come in, answers and effects go out. Every call is all or nothing: one
/// that throws has changed nothing but rates and used challenges. What it holds is what the store holds, a disk write ahead.
///
/// The shell counts requests without a token by `countRequest(from:at:)` first, turns tokens into nodes by
/// `authenticate(_:from:at:effects:)`, opens proofs by `Proof.open`, and calls `deadlineReached` when `nextDeadline` comes.
package struct Registry: ~Copyable {
    /// What an operator decides about a registry.
    package struct Configuration: Equatable, Sendable {
        package var limits = RegistryLimits()
        /// Whether candidates on the loopback interface are taken: for trying everything on one machine, never for a real server.
        package var allowsLoopbackCandidates = false
        /// How long a node is admitted before it needs a join key again; nil for ever.
        package var nodeLifetime: Duration?

        package init() {}
    }

    /// A node and what is known of it in memory only.
    struct Node: Sendable {
        var record: NodeRecord
        var publication: Publication
        var paths: [PathReport] = []
        /// Open streams.
        var connectionCount = 0
        /// Whether its peers see it and the relay takes it. An expired node is kept, so that it can come back.
        var isActive: Bool
        /// What the store has for "last seen".
        var storedLastSeen: Timestamp
        /// Since when it may count as gone while no connection is open: when it was last heard of, but not before the server
        /// itself was there to hear.
        var quietSince: Timestamp
        /// When the deadline queue will look at it next.
        var scheduled: Timestamp?

        init(_ record: NodeRecord, _ publication: Publication, isActive: Bool, at now: Moment) {
            self.record = record
            self.publication = publication
            self.isActive = isActive
            storedLastSeen = record.lastSeen
            quietSince = max(record.lastSeen, now.time)
        }
    }

    struct Network: Sendable {
        var record: NetworkRecord
        var nodesByName: [String: NodeID] = [:]
        var events = EventLog()

        init(_ record: NetworkRecord) {
            self.record = record
        }
    }

    /// The server's own node key, which no node may claim.
    package let serverKey: NodeKey
    var configuration: Configuration
    /// Marks this run's events; a reader of another run's gets a snapshot.
    var epoch: UInt64

    var networks: [NetworkID: Network] = [:]
    var networksByName: [String: NetworkID] = [:]
    var nodes: [NodeID: Node] = [:]
    var nodesByKey: [NodeKey: NodeID] = [:]
    var nodesByDiscoKey: [DiscoKey: NodeID] = [:]
    var nodesByToken: [SecretHash: NodeID] = [:]
    /// Nodes with an open stream, and nodes that the relay named when it was asked last.
    var connectedNodes: Set<NodeID> = []
    var relayedNodes: Set<NodeID> = []
    var joinKeys: [JoinKeyID: JoinKeyRecord] = [:]
    var joinKeysByHash: [SecretHash: JoinKeyID] = [:]
    var audit = AuditJournal()

    var lastNodeID: Int64 = 0
    var lastJoinKeyID: Int64 = 0
    var lastNetworkID: UInt32 = 0
    var lastAuditID: Int64 = 0

    var challenges: ChallengeBook
    var sourceRates: RateTable<IPAddress>
    var nodeRates: RateTable<NodeID>
    var deadlines = DeadlineQueue()

    /// A registry of what the store holds; the first one gets its network `default`.
    ///
    /// - Parameters:
    ///   - serverKey: The relay's node key, for which proofs are sealed.
    ///   - random: A source fit for keys: the registry draws a secret that marks its challenges.
    package init(
        configuration: Configuration, serverKey: NodeKey, snapshot: RegistrySnapshot, at now: Moment,
        using random: inout some RandomNumberGenerator, effects: inout [RegistryEffect]
    ) {
        let limits = configuration.limits
        self.configuration = configuration
        self.serverKey = serverKey
        epoch = random.next() >> 11
        challenges = ChallengeBook(using: &random)
        sourceRates = RateTable(rate: limits.sourceRate, burst: limits.sourceBurst, capacity: limits.trackedRates)
        nodeRates = RateTable(rate: limits.nodeRate, burst: limits.nodeBurst, capacity: limits.trackedRates)
        load(snapshot, at: now)
        createDefaultNetwork(at: now, effects: &effects)
    }

    /// Changes limits and rules while the server runs. Rates begin afresh.
    package mutating func reconfigure(_ configuration: Configuration) {
        let limits = configuration.limits
        self.configuration = configuration
        sourceRates = RateTable(rate: limits.sourceRate, burst: limits.sourceBurst, capacity: limits.trackedRates)
        nodeRates = RateTable(rate: limits.nodeRate, burst: limits.nodeBurst, capacity: limits.trackedRates)
    }

    /// Goes back to what the store holds, after a write failed: what was not stored did not happen.
    ///
    /// Who has lost his place is cut off, and all streams begin again with a snapshot.
    package mutating func reload(
        _ snapshot: RegistrySnapshot, at now: Moment, using random: inout some RandomNumberGenerator,
        effects: inout [RegistryEffect]
    ) {
        let connections = nodes.compactMapValues { $0.connectionCount > 0 ? $0.connectionCount : nil }
        let formerKeys = nodes.values.filter(\.isActive).map(\.record.nodeKey)
        networks = [:]
        networksByName = [:]
        nodes = [:]
        nodesByKey = [:]
        nodesByDiscoKey = [:]
        nodesByToken = [:]
        joinKeys = [:]
        joinKeysByHash = [:]
        deadlines = DeadlineQueue()
        epoch = random.next() >> 11
        load(snapshot, at: now)
        for (id, count) in connections { nodes[id]?.connectionCount = count }
        connectedNodes.formIntersection(nodes.keys)
        relayedNodes.formIntersection(nodes.keys)
        for key in formerKeys.sorted() where admission(of: key, at: now) == nil { effects.append(.cutRelay(key)) }
        effects.append(.closeAllStreams)
        createDefaultNetwork(at: now, effects: &effects)
    }

    // MARK: - Requests

    /// Counts a request that shows no token against its source's prefix; call it before doing any work for one.
    package mutating func countRequest(from source: IPAddress, at now: Moment) throws(RegistryError) {
        let address = source.canonical
        try sourceRates.take(address.prefix(address.isIPv4 ? 24 : 56), at: now.instant)
    }

    /// The node that a token belongs to. A wrong token counts against its source, a right one against its node.
    package mutating func authenticate(
        _ token: BearerToken, from source: IPAddress, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> NodeID {
        guard let id = nodesByToken[token.hash] else {
            try countRequest(from: source, at: now)
            throw .unauthorized
        }
        try nodeRates.take(id, at: now.instant)
        guard isAdmitted(id, at: now) else { throw .nodeExpired }
        touch(id, at: now, effects: &effects)
        return id
    }

    /// Makes a challenge for a proof of possession.
    package mutating func issueChallenge(
        at now: Moment, using random: inout some RandomNumberGenerator
    ) throws(RegistryError) -> ChallengeResponse {
        guard let challenge = challenges.issue(at: now.instant, using: &random) else { throw .challengeRefused }
        return ChallengeResponse(
            challenge: challenge, expires: now.time + configuration.limits.challengeLifetime, publicKey: serverKey)
    }

    /// The relay's question, O(1): the network of an admitted node, nil for anyone else.
    package func admission(of key: NodeKey, at now: Moment) -> NetworkID? {
        guard let id = nodesByKey[key], isAdmitted(id, at: now) else { return nil }
        return nodes[id]?.record.network
    }

    /// How many nodes there are in all networks, expired ones included.
    package var nodeCount: Int { nodes.count }

    /// How many nodes have a relay connection or a stream open.
    package var onlineNodeCount: Int { connectedNodes.union(relayedNodes).count }

    func isOnline(_ id: NodeID) -> Bool { connectedNodes.contains(id) || relayedNodes.contains(id) }

    package var networkCount: Int { networks.count }

    /// How many join keys are remembered, dead ones included.
    package var joinKeyCount: Int { joinKeys.count }

    // MARK: - Shared by the extensions

    func isAdmitted(_ id: NodeID, at now: Moment) -> Bool {
        guard let node = nodes[id] else { return false }
        return node.isActive && !node.record.isExpired(at: now.time)
    }

    /// Counts the change in the node's network and tells all streams there.
    mutating func announce(_ kind: EventLog.Kind, of node: Node, effects: inout [RegistryEffect]) {
        let network = node.record.network
        guard
            let sequence = networks[network]?.events.append(
                kind, of: node.record.id, capacity: configuration.limits.replayableEvents)
        else { return }
        let change: PeerEvent.Change =
            switch kind {
            case .added: .added(Self.peer(node))
            case .changed: .changed(Self.peer(node))
            case .removed(let peer): .removed(peer)
            }
        effects.append(.notify(PeerEvent(id: EventID(epoch: epoch, sequence: sequence), network: network, change: change)))
    }

    static func peer(_ node: Node) -> Peer {
        Peer(
            id: node.record.id, name: node.record.name, nodeKey: node.record.nodeKey, discoKey: node.record.discoKey,
            candidates: node.publication.candidates, homeRelay: node.publication.homeRelay, nat: node.publication.nat,
            lastSeen: node.record.lastSeen)
    }

    func reference(to network: NetworkID) -> NetworkReference {
        NetworkReference(id: network, name: networks[network]?.record.name ?? "")
    }

    private mutating func load(_ snapshot: RegistrySnapshot, at now: Moment) {
        for record in snapshot.networks {
            networks[record.id] = Network(record)
            networksByName[record.name] = record.id
        }
        for record in snapshot.joinKeys {
            joinKeys[record.id] = record
            joinKeysByHash[record.hash] = record.id
        }
        nodes.reserveCapacity(snapshot.nodes.count)
        nodesByKey.reserveCapacity(snapshot.nodes.count)
        nodesByDiscoKey.reserveCapacity(snapshot.nodes.count)
        nodesByToken.reserveCapacity(snapshot.nodes.count)
        for stored in snapshot.nodes {
            insert(Node(stored.record, stored.publication, isActive: !stored.record.isExpired(at: now.time), at: now))
            schedule(stored.record.id, at: now)
        }
        audit = AuditJournal(snapshot.audit)
        // Numbers drawn before a reload are not drawn again.
        lastNodeID = max(lastNodeID, snapshot.lastNodeID)
        lastJoinKeyID = max(lastJoinKeyID, snapshot.lastJoinKeyID)
        lastNetworkID = max(lastNetworkID, snapshot.lastNetworkID)
        lastAuditID = max(lastAuditID, snapshot.lastAuditID)
    }

    mutating func insert(_ node: Node) {
        let record = node.record
        nodes[record.id] = node
        nodesByKey[record.nodeKey] = record.id
        nodesByDiscoKey[record.discoKey] = record.id
        nodesByToken[record.tokenHash] = record.id
        networks[record.network]?.nodesByName[record.name] = record.id
    }

    private mutating func createDefaultNetwork(at now: Moment, effects: inout [RegistryEffect]) {
        guard networks.isEmpty else { return }
        let record = NetworkRecord(id: NetworkRecord.defaultID, name: NetworkRecord.defaultName, created: now.time)
        networks[record.id] = Network(record)
        networksByName[record.name] = record.id
        lastNetworkID = max(lastNetworkID, record.id.rawValue)
        effects.append(.persist([.putNetwork(record)]))
    }
}

package import Wire

extension Registry {
    // MARK: - Networks

    /// Makes a network.
    package mutating func createNetwork(
        _ request: NewNetwork, from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> NetworkDescription {
        let name = try Self.checked(request.name)
        guard networksByName[name] == nil else { throw .nameTaken(name) }
        let limit = configuration.limits.networks
        guard networks.count < limit, lastNetworkID < .max else { throw .tooManyNetworks(limit: limit) }
        lastNetworkID += 1
        let network = NetworkRecord(id: NetworkID(rawValue: lastNetworkID), name: name, created: now.time)
        networks[network.id] = Network(network)
        networksByName[name] = network.id
        var changes: [StoreChange] = [.putNetwork(network)]
        record(
            .networkCreated, by: AuditJournal.administrator, of: "network:\(network.id)", name, from: source, at: now,
            into: &changes)
        effects.append(.persist(changes))
        return NetworkDescription(id: network.id, name: name, created: network.created, nodes: 0)
    }

    /// Removes a network that has no nodes, and its join keys.
    package mutating func removeNetwork(
        _ id: NetworkID, from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) {
        guard let network = networks[id] else { throw .networkUnknown }
        guard id != NetworkRecord.defaultID else { throw .networkIsDefault }
        guard network.nodesByName.isEmpty else { throw .networkNotEmpty }
        for key in joinKeys.values where key.network == id {
            joinKeys[key.id] = nil
            joinKeysByHash[key.hash] = nil
        }
        networks[id] = nil
        networksByName[network.record.name] = nil
        var changes: [StoreChange] = [.removeNetwork(id)]
        record(
            .networkRemoved, by: AuditJournal.administrator, of: "network:\(id)", network.record.name, from: source, at: now,
            into: &changes)
        effects.append(.persist(changes))
    }

    /// All networks, oldest first.
    package func networkList() -> NetworkList {
        NetworkList(
            networks: networks.values.sorted { $0.record.id < $1.record.id }.map {
                NetworkDescription(
                    id: $0.record.id, name: $0.record.name, created: $0.record.created, nodes: $0.nodesByName.count)
            })
    }

    /// The number of a network; nil names `default`.
    package func network(named name: String?) throws(RegistryError) -> NetworkID {
        guard let id = networksByName[name ?? NetworkRecord.defaultName] else { throw .networkUnknown }
        return id
    }

    // MARK: - Nodes

    /// The nodes of one network, or of all, by number.
    package func nodeList(in network: NetworkID?, at now: Moment) -> NodeList {
        let chosen = nodes.values.filter { network == nil || $0.record.network == network }
        return NodeList(nodes: chosen.sorted { $0.record.id < $1.record.id }.map { describe($0, at: now) })
    }

    /// The nodes with a stream or a relay connection, by number; at most `limit`.
    package func onlineNodes(limit: Int, at now: Moment) -> [NodeDescription] {
        connectedNodes.union(relayedNodes).sorted().prefix(limit).compactMap { nodes[$0].map { describe($0, at: now) } }
    }

    /// One node.
    package func nodeDescription(_ id: NodeID, at now: Moment) throws(RegistryError) -> NodeDescription {
        guard let node = nodes[id] else { throw .nodeUnknown }
        return describe(node, at: now)
    }

    /// The number of the node that has this name in a network; nil when there is none.
    package func node(named name: String, in network: NetworkID) -> NodeID? {
        networks[network]?.nodesByName[name]
    }

    /// Renames a node, or sets or takes away its expiry. An expiry that has passed cuts it off at once.
    package mutating func changeNode(
        _ id: NodeID, _ change: NodeChange, from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> NodeDescription {
        guard var node = nodes[id] else { throw .nodeUnknown }
        let former = node.record
        if let name = change.name {
            let name = try Self.checked(name)
            guard isFree(name, in: former.network, for: id) else { throw .nameTaken(name) }
            node.record.name = name
        }
        if change.neverExpires ?? false {
            node.record.expires = nil
        } else if let expires = change.expires {
            node.record.expires = expires
        }
        guard node.record != former else { return describe(node, at: now) }

        let wasActive = node.isActive
        let isActive = !node.record.isExpired(at: now.time)
        node.isActive = wasActive || isActive
        replace(former, with: node)
        var changes: [StoreChange] = [.putNode(node.record)]
        if node.record.name != former.name {
            record(
                .nodeRenamed, by: AuditJournal.administrator, of: "node:\(id)", "\(former.name) → \(node.record.name)",
                from: source, at: now,
                into: &changes)
        }
        if node.record.expires != former.expires {
            record(
                .nodeExpiryChanged, by: AuditJournal.administrator, of: "node:\(id)",
                "\(node.record.name) expires \(node.record.expires.map { "at \($0)" } ?? "never")", from: source, at: now,
                into: &changes)
        }
        effects.append(.persist(changes))
        if wasActive, !isActive {
            deactivate(id, effects: &effects)
        } else if !wasActive, isActive {
            announce(.added, of: node, effects: &effects)
        } else if node.isActive, node.record.name != former.name {
            announce(.changed, of: node, effects: &effects)
        }
        schedule(id, at: now)
        return try nodeDescription(id, at: now)
    }

    /// Removes a node: it needs a join key to come back.
    package mutating func removeNode(
        _ id: NodeID, from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) {
        try remove(id, .nodeRemoved, by: AuditJournal.administrator, from: source, at: now, effects: &effects)
    }

    private func describe(_ node: Node, at now: Moment) -> NodeDescription {
        NodeDescription(
            node: Self.peer(node), network: reference(to: node.record.network), created: node.record.created,
            expires: node.record.expires, expired: node.record.isExpired(at: now.time), ephemeral: node.record.isEphemeral,
            online: isOnline(node.record.id), joinKey: node.record.joinKey.flatMap { joinKeys[$0] == nil ? nil : $0 })
    }

    // MARK: - Audit log

    /// Entries, newest first: at most `limit` of those before `before`.
    package func auditLog(before: Int64? = nil, limit: Int) -> AuditLog {
        AuditLog(entries: audit.entries(before: before, limit: limit))
    }

    /// Writes an audit entry.
    mutating func record(
        _ action: AuditAction, by actor: String, of subject: String, _ detail: String, from source: IPAddress?, at now: Moment,
        into changes: inout [StoreChange]
    ) {
        lastAuditID += 1
        let entry = AuditEntry(
            id: lastAuditID, time: now.time, actor: actor, action: action, subject: subject, detail: detail,
            source: source?.canonical.description)
        changes += audit.append(entry, limit: configuration.limits.auditEntries)
    }
}

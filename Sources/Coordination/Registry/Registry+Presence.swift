package import Wire

extension Registry {
    /// Takes over which node keys are connected to the relay at this moment: their nodes are online, as those with a stream are.
    package mutating func noteRelayed(_ keys: [NodeKey], at now: Moment, effects: inout [RegistryEffect]) {
        relayedNodes = Set(keys.compactMap { nodesByKey[$0] })
        for id in relayedNodes { touch(id, at: now, effects: &effects) }
    }

    /// A stream of the node was opened.
    package mutating func connectionOpened(of id: NodeID, at now: Moment, effects: inout [RegistryEffect]) {
        guard nodes[id] != nil else { return }
        nodes[id]?.connectionCount += 1
        connectedNodes.insert(id)
        touch(id, at: now, effects: &effects)
    }

    /// A stream of the node was closed, for whatever reason.
    package mutating func connectionClosed(of id: NodeID, at now: Moment, effects: inout [RegistryEffect]) {
        guard let node = nodes[id], node.connectionCount > 0 else { return }
        nodes[id]?.connectionCount -= 1
        if node.connectionCount == 1 { connectedNodes.remove(id) }
        touch(id, at: now, effects: &effects)
        schedule(id, at: now)
    }

    /// The node takes itself out of its network.
    package mutating func leave(
        _ id: NodeID, from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) {
        try remove(id, .nodeLeft, by: "node:\(id)", from: source, at: now, effects: &effects)
    }

    /// When `deadlineReached` is due; nil for never. O(1).
    package var nextDeadline: Timestamp? { deadlines.first?.time }

    /// Expires nodes whose time is over, and removes ephemeral ones that have been gone for long.
    package mutating func deadlineReached(at now: Moment, effects: inout [RegistryEffect]) {
        while let first = deadlines.first, first.time <= now.time {
            guard let entry = deadlines.removeFirst(), let node = nodes[entry.node], node.scheduled == entry.time else {
                continue
            }
            nodes[entry.node]?.scheduled = nil
            if let due = ephemeralRemoval(of: node), due <= now.time {
                // It cannot throw: the node is there.
                try? remove(entry.node, .ephemeralNodeRemoved, by: "server", from: nil, at: now, effects: &effects)
                continue
            }
            if node.isActive, node.record.isExpired(at: now.time) {
                var changes: [StoreChange] = []
                record(
                    .nodeExpired, by: "server", of: "node:\(entry.node)", "\(node.record.name) expired", from: nil, at: now,
                    into: &changes)
                effects.append(.persistLater(changes))
                deactivate(entry.node, effects: &effects)
            }
            schedule(entry.node, at: now)
        }
    }

    // MARK: - Details

    /// Notes that a node was heard of.
    mutating func touch(_ id: NodeID, at now: Moment, effects: inout [RegistryEffect]) {
        guard var node = nodes[id] else { return }
        node.record.lastSeen = max(node.record.lastSeen, now.time)
        node.quietSince = max(node.quietSince, now.time)
        if node.record.lastSeen - node.storedLastSeen >= configuration.limits.lastSeenLag {
            node.storedLastSeen = node.record.lastSeen
            effects.append(.persistLater([.putLastSeen(id, node.record.lastSeen)]))
        }
        nodes[id] = node
    }

    /// Sees to it that the deadline queue looks at the node in time. A time that is over means at once.
    mutating func schedule(_ id: NodeID, at now: Moment) {
        guard let node = nodes[id] else { return }
        let expiry = node.isActive ? node.record.expires : nil
        let removal = ephemeralRemoval(of: node).map { max($0, now.time) }
        guard let due = [expiry, removal].compactMap(\.self).min() else { return }
        guard node.scheduled.map({ due < $0 }) ?? true else { return }
        nodes[id]?.scheduled = due
        deadlines.insert(DeadlineQueue.Entry(time: due, node: id))
    }

    private func ephemeralRemoval(of node: Node) -> Timestamp? {
        guard node.record.isEphemeral, node.connectionCount == 0 else { return nil }
        return node.quietSince + configuration.limits.ephemeralAbsence
    }

    /// Takes an expired node away from its peers and the relay.
    mutating func deactivate(_ id: NodeID, effects: inout [RegistryEffect]) {
        guard let node = nodes[id], node.isActive else { return }
        nodes[id]?.isActive = false
        effects += [.cutRelay(node.record.nodeKey), .closeStreams(id)]
        announce(.removed(RemovedPeer(id: id, nodeKey: node.record.nodeKey)), of: node, effects: &effects)
    }

    mutating func remove(
        _ id: NodeID, _ action: AuditAction, by actor: String, from source: IPAddress?, at now: Moment,
        effects: inout [RegistryEffect]
    ) throws(RegistryError) {
        guard let node = nodes[id] else { throw .nodeUnknown }
        var changes: [StoreChange] = [.removeNode(id)]
        record(
            action, by: actor, of: "node:\(id)", "\(node.record.name) (\(node.record.nodeKey.shortText))", from: source, at: now,
            into: &changes)
        effects.append(.persist(changes))
        deactivate(id, effects: &effects)
        nodes[id] = nil
        connectedNodes.remove(id)
        relayedNodes.remove(id)
        nodesByKey[node.record.nodeKey] = nil
        nodesByDiscoKey[node.record.discoKey] = nil
        nodesByToken[node.record.tokenHash] = nil
        networks[node.record.network]?.nodesByName[node.record.name] = nil
    }
}

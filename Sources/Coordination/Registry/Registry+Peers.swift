extension Registry {
    /// The network of a node as it stands, and where a stream goes on from.
    package func peers(of id: NodeID) throws(RegistryError) -> PeerList {
        guard let node = nodes[id], node.isActive, let network = networks[node.record.network] else { throw .nodeUnknown }
        let peers = network.nodesByName.values.compactMap { peer -> Peer? in
            guard peer != id, let other = nodes[peer], other.isActive else { return nil }
            return Self.peer(other)
        }
        return PeerList(
            eventID: EventID(epoch: epoch, sequence: network.events.lastSequence),
            network: NetworkReference(id: network.record.id, name: network.record.name), me: Self.peer(node),
            peers: peers.sorted { $0.id < $1.id })
    }

    /// The changes after the event that a stream's reader saw last, or nil when it needs a snapshot.
    ///
    /// Each node is told of once, as it is: an `added` that was changed since comes as `changed`.
    package func events(for id: NodeID, since last: EventID) throws(RegistryError) -> [PeerEvent]? {
        guard let node = nodes[id], node.isActive, let network = networks[node.record.network] else { throw .nodeUnknown }
        guard last.epoch == epoch, let entries = network.events.changes(since: last.sequence) else { return nil }
        return entries.compactMap { entry in
            guard let change = change(entry) else { return nil }
            return PeerEvent(id: EventID(epoch: epoch, sequence: entry.sequence), network: network.record.id, change: change)
        }
    }

    private func change(_ entry: EventLog.Entry) -> PeerEvent.Change? {
        switch entry.kind {
        case .added: nodes[entry.node].map { .added(Self.peer($0)) }
        case .changed: nodes[entry.node].map { .changed(Self.peer($0)) }
        case .removed(let peer): .removed(peer)
        }
    }
}

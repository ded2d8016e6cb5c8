internal import Coordination
internal import CryptoBox
internal import Logging
internal import NIOCore
internal import Traversal
internal import Wire

// The network's other nodes, as the server tells of them.
extension LocalNode {
    /// Takes an event of the stream of peers.
    func take(_ event: CoordinationLink.StreamEvent, id: String?) {
        let now = Instant.now
        if let id { coordination.lastEvent = id }
        switch event {
        case .opened:
            coordination.isStreaming = true
            coordination.problem = nil
            // It may be another process than the one that was asked before.
            if coordination.hasPeers { coordination.describe?.yield() }
            reportReady()
        case .snapshot(let list):
            coordination.problem = nil
            coordination.network = list.network
            if state.name != list.me.name { renamed(list.me.name) }
            let known = Set(list.peers.map(\.nodeKey))
            for key in peers.keys where !known.contains(key) { remove(key) }
            for peer in list.peers { update(peer, at: now) }
            coordination.hasPeers = true
            reportReady()
        case .changed(let peer) where peer.nodeKey == state.nodeKey.publicKey:
            if state.name != peer.name { renamed(peer.name) }
        case .changed(let peer):
            update(peer, at: now)
        case .removed(let removed):
            remove(removed.nodeKey)
        }
    }

    private func update(_ peer: Peer, at now: Instant) {
        let peer = peer.limited
        // A node that changed its key is another one to us: its sessions are void.
        if let old = coordination.nodeKeys[peer.id], old != peer.nodeKey { remove(old) }
        if let session = peers[peer.nodeKey] {
            if session.peer.id != peer.id { coordination.nodeKeys[session.peer.id] = nil }
            forgetDiscoKey(of: session)
            direct.discoKeys[peer.discoKey] = peer.nodeKey
            act(on: session) { $0.update(peer, at: now, outputs: &$1) }
        } else {
            guard peers.count < PeerLimits.maximumPeers else {
                coordination.problem = PeerLimits.problem(of: state.server.url)
                return
            }
            direct.discoKeys[peer.discoKey] = peer.nodeKey
            peers[peer.nodeKey] = PeerSession(
                peer, identity: PeerSession.Identity(nodeKey: state.nodeKey, discoKey: state.discoKey, epoch: WallClock.epoch),
                configuration: direct.configuration, local: direct.agent.description, nat64: direct.nat64, at: now)
            log.debug("peer", metadata: ["name": "\(peer.name)"])
        }
        coordination.nodeKeys[peer.id] = peer.nodeKey
    }

    private func remove(_ key: NodeKey) {
        guard let session = peers.removeValue(forKey: key) else { return }
        coordination.nodeKeys[session.peer.id] = nil
        forgetDiscoKey(of: session)
        act(on: session) { $0.close(at: .now, outputs: &$1) }
        for channel in services.removeAll(of: key) { channel.close(promise: nil) }
        log.debug("peer left", metadata: ["name": "\(session.peer.name)"])
    }

    /// Only what is this peer's: a server may name one disco key for two.
    private func forgetDiscoKey(of session: PeerSession) {
        guard direct.discoKeys[session.peer.discoKey] == session.peer.nodeKey else { return }
        direct.discoKeys[session.peer.discoKey] = nil
    }

    private func renamed(_ name: String) {
        state.name = name
        save()
    }
}

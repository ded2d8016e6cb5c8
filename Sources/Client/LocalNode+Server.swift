internal import Coordination
internal import Logging
internal import Traversal
internal import Wire

// What the server offers: asked at the start, and again whenever it may have been restarted with other settings.
extension LocalNode {
    /// Asks again after every reconnection, until cancelled.
    func keepDescribing(_ link: CoordinationLink) async throws {
        let (wishes, wish) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        coordination.describe = wish
        defer { coordination.describe = nil }
        for await _ in wishes {
            do {
                let server = try await link.describeServer()
                guard state.server.key == server.publicKey.description else {
                    coordination.problem = "\(state.server.url) shows another key than the one this node joined"
                    continue
                }
                offersChanged(server)
            } catch {
                try Task.checkCancellation()
                // The next reconnection asks again.
                log.info("the server does not say what it offers", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// The server offers this from now on.
    private func offersChanged(_ server: ServerDescription) {
        let old = coordination.server
        coordination.server = server
        learnServerAddress(nil)
        guard let old, old.relays.first != server.relays.first else { return }
        log.info("the server names another relay")
        relay.close()
        publish()
    }

    /// Where the first of the server's relays is, and the key that it has to prove. Nodes of a network meet at the first one.
    func homeRelay(_ dialer: ServerDialer) throws(NodeFailure) -> (dialer: ServerDialer, key: NodeKey) {
        guard let region = coordination.server?.relays.first else {
            throw NodeFailure(.unreachable, "\(state.server.url) offers no relay: switch it on in its configuration")
        }
        guard let url = region.url else { return (dialer, region.nodeKey) }
        guard let address = ServerAddress(relay: url, of: state.server) else {
            throw NodeFailure(.unreachable, "\(state.server.url) names a relay at no usable address: \(url.prefix(200))")
        }
        return (try ServerDialer(server: address, eventLoop: eventLoop), region.nodeKey)
    }

    /// Adds the address by which the server was reached to the STUN servers.
    ///
    /// - Parameter address: nil for the one known before.
    func learnServerAddress(_ address: IPAddress?) {
        if let address { coordination.reachedAddress = address }
        guard let description = coordination.server else { return }
        var servers = description.stun.endpoints
        if let address = coordination.reachedAddress {
            let reached = Endpoint(address, description.stun.port)
            if !servers.contains(reached) { servers.append(reached) }
        }
        if let alternate = description.stun.alternate { servers.append(alternate) }
        guard servers != direct.servers else { return }
        direct.servers = servers
        state.stunServers = servers
        save()
        let now = Instant.now
        direct.agent.setServers(direct.reachableServers, at: now)
        localDeadlineReached(at: now)
    }
}

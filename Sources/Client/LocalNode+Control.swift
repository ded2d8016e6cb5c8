internal import CryptoBox
internal import Logging
internal import Traversal
internal import Wire

// What other programs ask of the running node.
extension LocalNode {
    /// Fulfils a request that came over the control socket.
    func respond(to request: ControlRequest, _ reply: @Sendable (ControlReply) async throws -> Void) async throws {
        switch request {
        case .status:
            try await reply(.status(status))
        case .ping(let request):
            try await ping(request) { try await reply(.pong($0)) }
        case .forward(let request):
            try await forward(request) { try await reply(.listening($0)) }
        case .checkNetwork:
            let known = NetworkCheck.Known(
                mappingLifetime: direct.agent.description.behavior.mappingLifetime, gateways: direct.gateways)
            let check = NetworkCheck(
                server: state.server, knownSTUN: state.stunServers, known: known, eventLoop: eventLoop)
            try await reply(.network(check.run()))
        // These are answered before the node, and with it this connection, ends.
        case .stop:
            try await reply(.done)
            end(.stopped)
        case .leave:
            try await signOff()
            try await reply(.done)
            end(.left)
        }
    }

    /// What the node knows of itself, its relay and its peers.
    public var status: NodeStatus {
        let now = Instant.now
        return NodeStatus(
            name: state.name, network: state.network, nodeKey: state.nodeKey.publicKey.description, server: state.server.url,
            relay: RelayStatus(
                isConnected: relay.isReady, health: relay.health, latencyMilliseconds: relay.latency?.inMilliseconds,
                disconnects: relay.disconnects, droppedPackets: relay.droppedPackets, problem: relay.problem),
            isCoordinated: coordination.isStreaming, coordinationProblem: coordination.problem,
            candidates: direct.agent.description.candidates.map {
                CandidateStatus(kind: $0.kindName, endpoint: $0.endpoint.description)
            },
            gateway: direct.gateways[.ipv4].map { GatewayStatus($0, seen: direct.mappedAddress) },
            gatewayIPv6: direct.gateways[.ipv6].map { GatewayStatus($0, seen: nil) },
            allowed: services.allowed.map { "udp/\($0.port)=\($0.target)" },
            peers: peers.values.map { status(of: $0, at: now) }.sorted { $0.name < $1.name })
    }

    /// Saves the state; a failure costs only what changed.
    func save() {
        do {
            try options.state.save(state)
        } catch {
            log.warning("the state could not be saved", metadata: ["reason": "\(error)"])
        }
    }

    /// Calls `onReady` once, when the relay takes packets and the peers are known.
    func reportReady() {
        guard relay.isReady, coordination.isStreaming, coordination.hasPeers, let onReady else { return }
        self.onReady = nil
        onReady(status)
    }
}

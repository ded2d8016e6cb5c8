internal import Coordination
internal import Logging
internal import NIOCore
internal import Noise
internal import Traversal
internal import Wire

// What is exchanged with peers: sessions' outputs carried out, their messages taken.
extension LocalNode {
    /// Calls into a session and carries out what comes of it, what is due at once included.
    func act(on session: PeerSession, _ body: (PeerSession, inout [PeerSession.Output]) -> Void) {
        var outputs = self.outputs
        self.outputs = []
        body(session, &outputs)
        let now = Instant.now
        if let deadline = session.nextDeadline, deadline <= now {
            session.deadlineReached(at: now, allowance: &direct.probes, outputs: &outputs)
        }
        // Carrying out may append: a message that is answered, a path that fails.
        var index = 0
        while index < outputs.count {
            carryOut(outputs[index], of: session, &outputs)
            index += 1
        }
        outputs.removeAll(keepingCapacity: true)
        self.outputs = outputs
        armTimer(for: session.nextDeadline)
    }

    private func carryOut(_ output: PeerSession.Output, of session: PeerSession, _ outputs: inout [PeerSession.Output]) {
        switch output {
        case .relay(let packet):
            relay.send(packet, to: session.peer.nodeKey)
        case .direct(let packet, let path, let timeToLive):
            do throws(SendError) {
                guard let socket = direct.socket(path.socket) else { throw .socketClosed }
                try socket.send(packet, to: path.endpoint, timeToLive: timeToLive)
            } catch {
                session.sendFailed(over: path, error, at: .now, outputs: &outputs)
            }
        case .message(let message, let origin):
            take(message, from: session, origin, &outputs)
        case .refreshLocal:
            refreshLocal(at: .now)
        case .beginBirthday(let plan):
            let now = Instant.now
            if let sockets = beginBirthday(plan, at: now) {
                session.birthdayBegan(over: sockets, at: now, outputs: &outputs)
            } else {
                session.birthdayRefused(at: now)
            }
        case .endBirthday(let plan, let result):
            direct.allowance.ended(plan, result, at: .now)
        case .checkGateway(let socket):
            checkGateway(over: socket)
        case .closeSockets(let sockets):
            direct.closeExtraSockets(sockets)
        case .pathChanged(let path):
            pathChanged(path, of: session)
        }
    }

    private func take(
        _ message: TunnelMessage, from session: PeerSession, _ origin: Origin, _ outputs: inout [PeerSession.Output]
    ) {
        let now = Instant.now
        switch message {
        case .echoRequest(let sequence):
            session.send(.echoReply(sequence: sequence), over: origin, at: now, outputs: &outputs)
        case .echoReply(let sequence):
            echoes.replyReceived(sequence, from: session.peer.nodeKey, origin, at: now)
        case .datagram(let flow, let port, let payload):
            deliver(payload, to: port, on: flow, from: session, &outputs)
        case .answer(let flow, _, let payload):
            forwards.answerReceived(payload, on: flow, from: session.peer.nodeKey, at: now)
        case .refused(let flow, let port):
            let failure = NodeFailure(
                .refused, "\(session.peer.name) does not allow udp/\(port): there, run `causeway up` with --allow udp/\(port)")
            forwards.refused(flow, by: session.peer.nodeKey, failure)?.close(promise: nil)
        }
    }

    private func pathChanged(_ path: Path, of session: PeerSession) {
        let text: String
        switch path {
        case .relay: text = "relay"
        case .direct(let direct, _, let isInDoubt):
            text = isInDoubt ? "direct (in doubt)" : "direct"
            log.debug("direct path", metadata: ["peer": "\(session.peer.name)", "endpoint": "\(direct.endpoint)"])
        }
        log.info("path changed", metadata: ["peer": "\(session.peer.name)", "path": "\(text)"])
        echoes.pathChanged(isDirect: path.isDirect, peer: session.peer.nodeKey)
        publish()
    }

    /// Takes a datagram that is neither STUN nor disco: a packet of the encrypted session of whoever it is addressed by.
    func sessionPacketReceived(_ packet: RawSpan, over path: DirectPath, at now: Instant) {
        switch Packet(parsing: packet) {
        case .response(let index), .transport(let index, _):
            guard let session = direct.owner(of: index, among: peers) else { return }
            act(on: session) { $0.receive(packet, from: .direct(path), at: now, outputs: &$1) }
        case .initiation:
            // Anybody can send one; opening it costs two X25519 operations.
            guard direct.initiations.take(at: now), let initiation = try? ReceivedInitiation(packet: packet, to: state.nodeKey),
                let session = peers[initiation.peer]
            else { return }
            act(on: session) { $0.receive(initiation, from: .direct(path), at: now, outputs: &$1) }
        case nil:
            return
        }
    }

    /// The peer of a name or a node key's text.
    func find(_ peer: String) throws(NodeFailure) -> PeerSession {
        if let key = NodeKey(peer), let session = peers[key] { return session }
        if let session = peers.values.first(where: { $0.peer.name == peer }) { return session }
        let names = peers.values.map(\.peer.name).sorted().prefix(10).joined(separator: ", ")
        throw NodeFailure(
            .noSuchPeer,
            "the network has no node \(peer): \(names.isEmpty ? "it has no other node yet" : "it has \(names) (see `causeway status`)")"
        )
    }
}

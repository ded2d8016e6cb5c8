internal import Disco
internal import STUN
package import Traversal
internal import Wire

extension SimulatedHost {
    // MARK: Datagrams

    func receive(_ packet: SimulatedPacket, in network: SimulatedNetwork) {
        guard
            let (socket, _) = sockets.first(where: {
                $0.socket.port == packet.destination.port && $0.socket.family == packet.destination.address.family
                    && interfaces[$0.interface].network === network
            })
        else { return }
        let origin = Origin.direct(DirectPath(socket: socket.id, endpoint: packet.source))
        switch packet.payload {
        case .stun where extraSockets.contains(socket.id):
            for key in peers.keys.sorted() {
                withAgent(key) { agent, now, _ in agent.gatewayAnswered(over: socket.id, at: now) }
            }
        case .stun(let bytes):
            var effects: [LocalAgent.Effect] = []
            local.receive(
                bytes.bytes, from: packet.source, over: socket.id, at: internet.now, using: &random, effects: &effects)
            carryOut(effects)
        case .disco(let message, let key):
            withAgent(key) { agent, now, effects in agent.receive(message, from: origin, at: now, effects: &effects) }
        case .data(let counter, let key, _): deliver(counter, from: key, origin: origin)
        }
        arm()
    }

    func receiveRelayed(_ payload: SimulatedPacket.Payload, from key: NodeKey) {
        switch payload {
        case .stun: return
        case .disco(let message, _):
            withAgent(key) { agent, now, effects in agent.receive(message, from: .relay, at: now, effects: &effects) }
        case .data(let counter, _, _): deliver(counter, from: key, origin: .relay)
        }
        arm()
    }

    /// An ICMP port unreachable came for a datagram on this path.
    package func refused(_ path: DirectPath) {
        for key in peers.keys.sorted() {
            withAgent(key) { agent, now, effects in agent.sendFailed(over: path, .refused, at: now, effects: &effects) }
        }
        arm()
    }

    private func deliver(_ counter: UInt64, from key: NodeKey, origin: Origin) {
        guard var peer = peers[key] else { return }
        if peer.window.accept(counter) {
            peer.delivered[counter] = internet.now
            switch origin {
            case .relay: break
            case .direct: peer.deliveredDirectly += 1
            }
        } else {
            peer.duplicates += 1
        }
        peer.agent.trafficReceived(from: origin, at: internet.now)
        peers[key] = peer
    }

    func transmit(_ payload: SimulatedPacket.Payload, over path: DirectPath, timeToLive: UInt8? = nil) {
        guard let (socket, position) = sockets.first(where: { $0.socket.id == path.socket }) else { return }
        let interface = interfaces[position]
        guard let address = interface.addresses.first(where: { $0.family == socket.family }),
            !interface.addresses.contains(path.endpoint.address)
        else { return }
        if unreachable.contains(path.endpoint.address) {
            internet.after(.zero) { [self] in
                for key in peers.keys.sorted() {
                    withAgent(key) { agent, now, effects in
                        agent.sendFailed(over: path, .unreachable, at: now, effects: &effects)
                    }
                }
                arm()
            }
            return
        }
        internet.send(
            SimulatedPacket(
                source: Endpoint(address, socket.port), destination: path.endpoint, payload: payload,
                timeToLive: timeToLive ?? 64, sender: self, path: path), into: interface.network)
    }

    // MARK: The engine's shell

    func withAgent(
        _ key: NodeKey, _ body: (inout PathAgent, Instant, inout [PathAgent.Effect]) -> Void
    ) {
        guard var peer = peers[key] else { return }
        var effects: [PathAgent.Effect] = []
        body(&peer.agent, internet.now, &effects)
        peers[key] = peer
        carryOut(effects, for: key)
    }

    func carryOut(_ effects: [PathAgent.Effect], for key: NodeKey) {
        var hasInvited = false
        for effect in effects {
            guard let peer = peers[key] else { return }
            switch effect {
            case .sendDirect(let message, let path, let timeToLive):
                if hasInvited, case .ping = message { lateProbes += 1 }
                probes.append((path.endpoint, internet.now, timeToLive))
                transmit(.disco(message, from: nodeKey), over: path, timeToLive: timeToLive)
            case .sendViaRelay(let message):
                if case .callMeMaybe = message { hasInvited = true }
                internet.relay(.disco(message, from: nodeKey), from: self, to: peer.host)
            case .refreshLocal:
                var effects: [LocalAgent.Effect] = []
                local.refresh(at: internet.now, effects: &effects)
                carryOut(effects)
            case .beginBirthday(let plan): beginBirthday(plan, for: key)
            case .endBirthday(let plan, let result): allowance.ended(plan, result, at: internet.now)
            case .checkGateway(let socket):
                guard let server = internet.server.endpoints.first else { continue }
                let request = BindingRequest(transactionID: TransactionID(using: &random))
                transmit(.stun(request.encoded()), over: DirectPath(socket: socket, endpoint: server))
            case .closeSockets(let closed): sockets.removeAll { closed.contains($0.socket.id) }
            case .pathChanged(let path): peers[key]?.changes.append((internet.now, path))
            }
        }
    }

    private func beginBirthday(_ plan: BirthdayPlan, for key: NodeKey) {
        guard allowance.begin(plan, at: internet.now) else {
            withAgent(key) { agent, now, _ in agent.birthdayRefused(at: now) }
            return
        }
        let opened = openSockets(plan.socketCount, like: plan.model)
        withAgent(key) { agent, now, effects in agent.birthdayBegan(over: opened, at: now, effects: &effects) }
    }

    func carryOut(_ effects: [LocalAgent.Effect]) {
        for effect in effects {
            switch effect {
            case .sendSTUN(let bytes, let destination, let socket):
                transmit(.stun(bytes), over: DirectPath(socket: socket, endpoint: destination))
            case .descriptionChanged(let description):
                lastPublished = description
                for key in peers.keys.sorted() {
                    if let peer = peers[key] { internet.publish(description, of: self, to: peer.host) }
                    withAgent(key) { agent, now, effects in agent.setLocal(description, at: now, effects: &effects) }
                }
            case .descriptionConfirmed(let description):
                for key in peers.keys.sorted() {
                    withAgent(key) { agent, now, effects in agent.setLocal(description, at: now, effects: &effects) }
                }
            }
        }
    }

    /// The timer fired.
    func wake(generation: UInt64) {
        guard generation == self.generation else { return }
        armedFor = nil
        wakeUps += 1
        wakeUpsAtOneTime = lastWakeUp == internet.now ? wakeUpsAtOneTime + 1 : 0
        lastWakeUp = internet.now
        precondition(wakeUpsAtOneTime < 1000, "the engine asks for the same instant again and again")
        if let deadline = local.nextDeadline, deadline <= internet.now {
            var effects: [LocalAgent.Effect] = []
            local.deadlineReached(at: internet.now, using: &random, effects: &effects)
            carryOut(effects)
        }
        for key in peers.keys.sorted() {
            guard let deadline = peers[key]?.agent.nextDeadline, deadline <= internet.now else { continue }
            var (generator, probes) = (random, probeAllowance)
            withAgent(key) { agent, now, effects in
                agent.deadlineReached(at: now, allowance: &probes, using: &generator, effects: &effects)
            }
            (random, probeAllowance) = (generator, probes)
        }
        arm()
    }

    func arm() {
        var earliest = local.nextDeadline
        for peer in peers.values {
            guard let deadline = peer.agent.nextDeadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        guard let earliest else {
            generation += 1
            armedFor = nil
            return
        }
        guard armedFor != earliest else { return }
        armedFor = earliest
        generation += 1
        internet.scheduleWake(self, generation: generation, at: earliest)
    }
}

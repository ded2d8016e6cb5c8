internal import Coordination
internal import Disco
internal import Logging
internal import NIOCore
internal import PortMapping
internal import Traversal
internal import Wire

// The node's sockets: bound for the network as it is, read, and told to everything that depends on them.
extension LocalNode {
    /// How long news of the network is gathered before it is looked at.
    private static let settlingTime = Duration.milliseconds(100)

    /// Gives sockets and interfaces to the local machine, and everything else that depends on them, if they are not what they were.
    ///
    /// - Parameter hasSlept: whether the machine has just woken: then nothing that was learnt before counts.
    func lookAtNetwork(hasSlept: Bool = false) async {
        let routes = DefaultRoute.all()
        let interfaces = NetworkInterface.all(routes: routes)
        guard hasSlept || interfaces != direct.interfaces || routes != direct.routes else { return }
        let isFirst = direct.interfaces == nil
        let areInterfacesSame = interfaces == direct.interfaces
        direct.interfaces = interfaces
        direct.routes = routes
        closeSockets(of: interfaces)
        bindSockets(WantedSocket.all(for: interfaces, routes: routes))
        let now = Instant.now
        var effects: [LocalAgent.Effect] = []
        direct.agent.setNetwork(
            sockets: direct.sockets.values.map(\.local).sorted { $0.id < $1.id }, interfaces: interfaces, at: now,
            effects: &effects)
        if areInterfacesSame { direct.agent.measureBehavior(at: now) }
        carryOut(effects, at: now)
        if isFirst { extraCandidatesChanged(at: now) }
        lookForTranslator()
        if !isFirst { networkChanged(interfaces, hasSlept: hasSlept, at: now) }
        // Last: it waits for sockets, and paths must not wait with it.
        await updateGateways(isInDoubt: hasSlept)
    }

    private func networkChanged(_ interfaces: [NetworkInterface], hasSlept: Bool, at now: Instant) {
        log.info("\(hasSlept ? "the machine has slept" : "the network changed")")
        relay.networkChanged(addresses: Set(interfaces.flatMap(\.addresses)), at: now)
        coordination.restartStream?.yield()
        armTimer(for: relay.nextDeadline)
        for session in peers.values {
            act(on: session) { $0.networkChanged(at: now, outputs: &$1) }
        }
    }

    /// Closes the sockets that are bound to an interface which is gone. One that became the default route's keeps its socket: paths use it.
    private func closeSockets(of interfaces: [NetworkInterface]) {
        for (id, socket) in direct.sockets {
            guard let index = socket.local.interfaceIndex,
                !interfaces.contains(where: { $0.index == index && $0.role == .uplink })
            else { continue }
            direct.sockets[id] = nil
            socket.close()
        }
    }

    /// Binds the sockets that are missing. Without any, the relay carries everything.
    private func bindSockets(_ wanted: [WantedSocket]) {
        let present = Set(direct.sockets.values.map { WantedSocket($0.local) })
        for socket in wanted where !present.contains(socket) {
            let id = direct.makeID()
            let port = socket == WantedSocket(family: socket.family) ? options.port : 0
            do {
                direct.sockets[id] = try DirectSocket(
                    id, socket, port: port, buffer: direct.buffer, on: eventLoop
                ) { hasErrors in
                    self.assumeIsolated { $0.read(id, hasErrors: hasErrors) }
                }
            } catch {
                // A family that the system does not have is nothing to warn of; a port that somebody asked for is.
                log.log(
                    level: port == 0 ? .info : .warning, "no UDP socket",
                    metadata: ["family": "\(socket.family)", "reason": "\(error)"])
            }
        }
    }

    /// Hears of changes of links, addresses and routes until cancelled.
    func watchNetwork() async throws {
        let (news, source) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var channel: (any Channel)?
        defer { channel?.close(promise: nil) }
        source.yield()
        for await _ in news {
            // A socket that held no more news was closed with an error: what it lost is looked at below.
            if channel?.isActive != true {
                do {
                    channel = try await RouteWatcher.open(on: eventLoop) { source.yield() }
                } catch {
                    // Without it a change is noticed when something does not answer any more.
                    log.info("changes of the network are not reported", metadata: ["reason": "\(error)"])
                    return
                }
            }
            // One change is many messages.
            try await Task.sleep(for: Self.settlingTime)
            await lookAtNetwork()
        }
    }

    /// Hears when the machine wakes from sleep, until cancelled.
    func watchSleep() async throws {
        let (news, source) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watch: ClockWatch
        do {
            watch = try ClockWatch(on: eventLoop) { source.yield() }
        } catch {
            // As in `watchNetwork`: what is dead after a sleep is noticed when it does not answer.
            log.info("sleep is not reported", metadata: ["reason": "\(error)"])
            return
        }
        defer { watch.close() }
        var clock = SleepClock()
        for await _ in news {
            watch.again()
            if clock.sleep() != nil { await lookAtNetwork(hasSlept: true) }
        }
    }

    /// Looks for a NAT64 where there is no IPv4, on the name server's time.
    private func lookForTranslator() {
        guard NAT64Discovery.isWanted(routes: direct.routes) else { return translatorFound(nil) }
        NAT64Discovery.run(on: eventLoop).whenSuccess { prefix in
            self.assumeIsolated { $0.translatorFound(prefix) }
        }
    }

    private func translatorFound(_ prefix: NAT64Prefix?) {
        guard prefix != direct.nat64 else { return }
        direct.nat64 = prefix
        log.info("NAT64", metadata: ["prefix": "\(prefix.map(\.description) ?? "none")"])
        let now = Instant.now
        direct.agent.setServers(direct.reachableServers, at: now)
        for session in peers.values {
            act(on: session) { $0.setTranslator(prefix, at: now, outputs: &$1) }
        }
        localDeadlineReached(at: now)
    }

    func read(_ id: SocketID, hasErrors: Bool) {
        direct.socket(id)?.read(hasErrors: hasErrors) { input in
            switch input {
            case .datagram(let bytes, let path): datagramReceived(bytes, over: path)
            case .failed(let path, let error): sendFailed(over: path, error)
            }
        }
    }

    /// An ICMP error about a datagram: whoever uses the path doubts it at once.
    private func sendFailed(over path: DirectPath, _ error: SendError) {
        let now = Instant.now
        for session in peers.values {
            guard case .direct(path, _, _) = session.path else { continue }
            act(on: session) { $0.sendFailed(over: path, error, at: now, outputs: &$1) }
        }
    }

    private func datagramReceived(_ bytes: ByteBuffer, over path: DirectPath) {
        let now = Instant.now
        switch DirectSide.classify(bytes.readableBytesSpan) {
        case .stun where direct.extraSockets[path.socket] != nil:
            gatewayAnswered(bytes.readableBytesSpan, over: path, at: now)
        case .stun:
            var effects: [LocalAgent.Effect] = []
            direct.receive(bytes.readableBytesSpan, over: path, at: now, effects: &effects)
            carryOut(effects, at: now)
        case .disco:
            guard let sender = Packet.sender(of: bytes.readableBytesSpan),
                let session = direct.discoKeys[sender].flatMap({ peers[$0] })
            else { return }
            act(on: session) {
                $0.receiveDisco(
                    bytes.readableBytesSpan, from: .direct(path), at: now, allowance: &direct.probes, outputs: &$1)
            }
        case .session:
            sessionPacketReceived(bytes.readableBytesSpan, over: path, at: now)
        }
    }

    /// Tells the local machine of endpoints that the owner named or gateways opened.
    func extraCandidatesChanged(at now: Instant) {
        let mapped = [IPAddress.Family.ipv4, .ipv6].compactMap { direct.gateways[$0]?.mapping?.external }
        let candidates =
            direct.configured.map { Candidate(.configured, $0) } + mapped.map { Candidate(.portMapped, $0) }
        var effects: [LocalAgent.Effect] = []
        direct.agent.setExtraCandidates(candidates, at: now, effects: &effects)
        carryOut(effects, at: now)
    }

    /// Gives the local machine its due.
    func localDeadlineReached(at now: Instant) {
        var effects: [LocalAgent.Effect] = []
        direct.deadlineReached(at: now, effects: &effects)
        carryOut(effects, at: now)
    }

    /// Confirms our mapped endpoints; the sessions hear of it when that is done.
    func refreshLocal(at now: Instant) {
        var effects: [LocalAgent.Effect] = []
        direct.agent.refresh(at: now, effects: &effects)
        carryOut(effects, at: now)
    }

    /// Notes whether a captive portal answers in the place of servers, and publishes it.
    func setCaptive(_ isCaptive: Bool?) {
        var effects: [LocalAgent.Effect] = []
        direct.agent.setCaptive(isCaptive, effects: &effects)
        carryOut(effects, at: .now)
    }

    private func carryOut(_ effects: [LocalAgent.Effect], at now: Instant) {
        for effect in effects {
            switch effect {
            case .sendSTUN(let bytes, let server, let socket):
                // A request that cannot be sent is one without an answer, which the machine knows how to take.
                try? direct.sockets[socket]?.send(bytes, to: server)
            case .descriptionChanged(let description):
                publish()
                setLocal(description, at: now)
                let isBlocked = description.behavior.reachability == .blocked
                if isBlocked != direct.isBlocked {
                    direct.isBlocked = isBlocked
                    udpBlockedChanged()
                }
            case .descriptionConfirmed(let description):
                setLocal(description, at: now)
            }
        }
        armTimer(for: direct.agent.nextDeadline)
    }

    private func setLocal(_ description: LocalDescription, at now: Instant) {
        for session in peers.values {
            act(on: session) { $0.setLocal(description, at: now, outputs: &$1) }
        }
    }
}

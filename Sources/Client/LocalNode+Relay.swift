internal import DERP
internal import Logging
internal import NIOCore
internal import Traversal
internal import Wire

// The link to the relay: connected as long as the node runs.
extension LocalNode {
    /// A link that held so long was a good one: the next attempt comes at once.
    private static let goodLink = Duration.seconds(10)
    /// The longest wait that a relay may ask for.
    private static let longestRestart = Duration.seconds(30)

    /// Connects to the relay and connects again whenever the link is lost, until cancelled.
    ///
    /// - Parameter dialer: leads to the server, where the relay is unless the server names another place.
    func keepRelay(_ dialer: ServerDialer) async throws {
        var backoff = Backoff()
        var random = SystemRandomNumberGenerator()
        while true {
            var way = dialer
            do {
                let home = try homeRelay(dialer)
                way = home.dialer
                try await holdRelay(way, key: home.key)
                log.info("the relay link is closed")
            } catch {
                try Task.checkCancellation()
                let reason = way.explain(error)
                log.info("no link to the relay", metadata: ["reason": "\(reason)"])
                relayFailed(error, "\(reason)")
            }
            // A relay that does not take the login may have another key than it had, or be elsewhere.
            if !relay.isReady { coordination.describe?.yield() }
            let restart = relay.restartDelay
            if relayClosed() >= Self.goodLink { backoff.reset() }
            try await Task.sleep(for: max(min(restart ?? .zero, Self.longestRestart), backoff.next(using: &random)))
        }
    }

    /// Notes why there is no link, and whether a captive portal is to blame: at once where the failure tells, else by a check.
    private func relayFailed(_ error: any Error, _ reason: String) {
        relay.failed(reason)
        if let verdict = PortalCheck.verdict(of: error, at: state.server) {
            portalFound(verdict)
        } else {
            portalDoubt?.yield()
        }
    }

    /// Opens one connection and returns when it is closed.
    private func holdRelay(_ dialer: ServerDialer, key: NodeKey) async throws {
        let login = RelayHandler.Login(
            privateKey: state.nodeKey, relayKey: key, authority: dialer.server.authority, usesTLS: dialer.server.usesTLS)
        let connection = try await dialer.connect { channel in
            let handler = RelayHandler(login) { event in
                self.assumeIsolated { $0.relayReported(event) }
            }
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 64 << 10))
            try channel.pipeline.syncOperations.addHandler(handler)
            return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }.output
        relay.opened(connection.0, connection.1)
        if dialer.isDirect, dialer.server.host == state.server.host {
            learnServerAddress(connection.0.remoteAddress.flatMap(Endpoint.init(socketAddress:))?.address)
        }
        armTimer(for: relay.nextDeadline)
        try await withTaskCancellationHandler {
            try await connection.0.closeFuture.get()
        } onCancel: {
            connection.0.close(promise: nil)
        }
        try Task.checkCancellation()
        if let failure = connection.1.value.failure { throw failure }
    }

    /// Forgets the connection; answers how long it was of use.
    private func relayClosed() -> Duration {
        let now = Instant.now
        let wasReady = relay.isReady
        let useful = relay.closed(at: now)
        if wasReady { relayReachable(false, at: now) }
        return useful
    }

    private func relayReported(_ event: RelayEvent) {
        let now = Instant.now
        switch event {
        case .ready:
            relay.becameReady(at: now)
            // Whoever stood in the way is gone, or lets this through: without UDP it is asked again.
            setCaptive(nil)
            if direct.isBlocked { portalDoubt?.yield() }
            log.info("relay connected")
            relayReachable(true, at: now)
            reportReady()
        case .packet(let source, let packet):
            relayPacketReceived(packet, from: source, at: now)
        case .peerGone(let key, let reason):
            log.debug("peer is not at the relay", metadata: ["peer": "\(key.shortText)", "reason": "\(reason)"])
            guard let session = peers[key] else { break }
            act(on: session) { $0.relayChanged(isReachable: false, at: now, outputs: &$1) }
        case .health(let text):
            relay.health = text
            if let text { log.warning("the relay complains", metadata: ["text": "\(text)"]) }
        case .restarting(let delay):
            relay.restartDelay = delay
        case .latency(let latency):
            relay.latency = latency
        case .failed(let failure):
            log.warning("relay connection given up", metadata: ["reason": "\(failure)"])
        }
        armTimer(for: relay.nextDeadline)
    }

    private func relayReachable(_ isReachable: Bool, at now: Instant) {
        for session in peers.values {
            act(on: session) { $0.relayChanged(isReachable: isReachable, at: now, outputs: &$1) }
        }
    }

    private func relayPacketReceived(_ packet: [UInt8], from source: NodeKey, at now: Instant) {
        guard let session = peers[source] else { return }
        act(on: session) { session, outputs in
            if PacketKind.looksLikeDisco(packet.bytes) {
                session.receiveDisco(
                    packet.bytes, from: .relay, at: now, allowance: &direct.probes, outputs: &outputs)
            } else {
                session.receive(packet.bytes, from: .relay, at: now, outputs: &outputs)
            }
        }
    }
}

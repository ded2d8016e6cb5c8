internal import Logging
internal import STUN
internal import Traversal
internal import Wire

// Guessing ports for a direct path: leave for it, sockets, and whether the gateway bears it.
extension LocalNode {
    /// Asks the allowance for an attempt and opens its sockets, fewer if the system gives no more; nil when it has to be left.
    func beginBirthday(_ plan: BirthdayPlan, at now: Instant) -> [SocketID]? {
        guard let model = direct.sockets[plan.model]?.local, direct.allowance.begin(plan, at: now) else { return nil }
        let wanted = WantedSocket(family: model.family, interfaceIndex: model.interfaceIndex)
        var opened: [SocketID] = []
        while opened.count < plan.socketCount {
            let id = direct.makeID()
            do {
                direct.extraSockets[id] = try DirectSocket(id, wanted, buffer: direct.buffer, on: eventLoop) { hasErrors in
                    self.assumeIsolated { $0.read(id, hasErrors: hasErrors) }
                }
            } catch {
                log.debug("fewer sockets to guess ports with", metadata: ["count": "\(opened.count)", "reason": "\(error)"])
                break
            }
            opened.append(id)
        }
        return opened
    }
    /// Asks a STUN server over a socket that has asked none before: only a gateway with room in its table passes that on.
    func checkGateway(over id: SocketID) {
        guard let server = direct.servers.first(where: \.address.isIPv4) else { return }
        let request = BindingRequest(transactionID: TransactionID(using: &direct.random))
        // A request that cannot be sent is one without an answer, which is what it looks for.
        try? direct.extraSockets[id]?.send(request.encoded(), to: server)
    }

    /// Takes what came over such a socket and looks like STUN. Nothing is learnt from it but that it came from a server.
    func gatewayAnswered(_ bytes: RawSpan, over path: DirectPath, at now: Instant) {
        // Anybody may send anything: what is no answer is none.
        guard direct.servers.contains(path.endpoint), (try? BindingResponse(parsing: bytes)) != nil else { return }
        for session in peers.values { session.gatewayAnswered(over: path.socket, at: now) }
    }
}

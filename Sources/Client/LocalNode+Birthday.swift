internal import Logging
internal import Traversal
internal import Wire

// Guessing ports for a direct path: leave for it, and sockets.
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
}

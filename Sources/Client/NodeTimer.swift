internal import NIOCore
internal import Traversal
internal import Wire

/// The node's one timer: armed for the earliest moment at which anything has to be done.
struct NodeTimer {
    private var scheduled: Scheduled<Void>?
    private(set) var deadline: Instant?

    /// Arms the timer for `deadline` unless it fires before that anyway.
    mutating func arm(for deadline: Instant, on eventLoop: any EventLoop, fire: @escaping @Sendable () -> Void) {
        if let armed = self.deadline, armed <= deadline { return }
        scheduled?.cancel()
        self.deadline = deadline
        scheduled = eventLoop.scheduleTask(deadline: deadline.deadline, fire)
    }

    /// Notes that the timer has fired.
    mutating func fired() {
        scheduled = nil
        deadline = nil
    }

    mutating func cancel() {
        scheduled?.cancel()
        fired()
    }
}

extension LocalNode {
    /// What is due again at once has to wait so long, so that sockets get their turn.
    private static let shortestWait = Duration.milliseconds(1)
    /// How often silent flows are looked for, while there are any.
    private static let sweepInterval = Duration.seconds(15)

    /// How long after the last traffic of any peer our mappings are kept alive: as long as path agents keep theirs.
    private static let useLifetime = Duration.seconds(45)

    /// Makes sure that the timer fires by `deadline`.
    func armTimer(for deadline: Instant?) {
        guard let deadline else { return }
        timer.arm(for: max(deadline, .now + Self.shortestWait), on: eventLoop) {
            self.assumeIsolated { $0.timerFired() }
        }
    }

    private func timerFired() {
        timer.fired()
        let now = Instant.now
        if let deadline = relay.nextDeadline, deadline <= now { relay.handler?.value.deadlineReached(at: now) }
        if let deadline = direct.agent.nextDeadline, deadline <= now { localDeadlineReached(at: now) }
        for session in peers.values {
            guard let deadline = session.nextDeadline, deadline <= now else { continue }
            act(on: session) { _, _ in }
        }
        let lastUsed = peers.values.lazy.compactMap(\.lastUsed).max()
        direct.agent.setInUse(lastUsed.map { now - $0 < Self.useLifetime } ?? false, at: now)
        sweepFlows(at: now)
        var next = earliest(relay.nextDeadline, direct.agent.nextDeadline)
        for session in peers.values { next = earliest(next, session.nextDeadline) }
        if !forwards.isEmpty || !services.isEmpty { next = earliest(next, now + Self.sweepInterval) }
        armTimer(for: next)
    }
}

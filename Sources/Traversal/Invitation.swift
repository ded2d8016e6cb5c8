internal import Wire

/// When to send a call-me-maybe: our endpoints, by relay, so that both sides probe at the same moment.
struct Invitation: Sendable {
    /// A STUN answer older than this does not vouch for a mapping: just under the common 30 s of NATs.
    static let freshness: Duration = .seconds(27)
    /// For so long after one another with the same content is not sent.
    static let spacing: Duration = .seconds(4)
    /// Between two with different content.
    static let changeSpacing: Duration = .milliseconds(300)
    /// How long a wanted one waits for STUN.
    static let patience: Duration = .milliseconds(1500)

    private struct Wish: Sendable {
        /// When to look again.
        var due: Instant
        /// When it goes out even if STUN has not answered.
        let latest: Instant
        var isAsked = false
    }

    private var wish: Wish?
    private var sentAt: Instant?
    private var sentEndpoints: [Endpoint] = []

    enum Step: Equatable {
        case nothing
        /// Ask for confirmed endpoints.
        case refresh
        /// Send one with these endpoints.
        case send([Endpoint])
    }

    /// When `step` is due.
    var nextDeadline: Instant? { wish?.due }

    /// Whether one was sent so lately that a call-me-maybe from the peer is its answer.
    func isRecent(at now: Instant) -> Bool {
        sentAt.map { now - $0 < Self.spacing } ?? false
    }

    mutating func want(at now: Instant) {
        if wish == nil { wish = Wish(due: now, latest: now + Self.patience) }
    }

    /// Our endpoints changed or were confirmed: what is wanted may go out.
    mutating func localChanged(at now: Instant) {
        wish?.due = now
    }

    mutating func cancel() {
        wish = nil
    }

    /// Decides what to do now with the endpoints as they are.
    ///
    /// - Parameter isFresh: STUN has confirmed them lately.
    mutating func step(endpoints: [Endpoint], isFresh: Bool, at now: Instant) -> Step {
        guard var wish, wish.due <= now else { return .nothing }
        guard isFresh || now >= wish.latest else {
            let step: Step = wish.isAsked ? .nothing : .refresh
            wish.isAsked = true
            wish.due = wish.latest
            self.wish = wish
            return step
        }
        if endpoints == sentEndpoints, isRecent(at: now) {
            // The peer has it and is at work. One sent later would only make it start again, and answer, and so on.
            self.wish = nil
            return .nothing
        }
        if let sentAt, now - sentAt < Self.changeSpacing {
            self.wish?.due = sentAt + Self.changeSpacing
            return .nothing
        }
        self.wish = nil
        sentAt = now
        sentEndpoints = endpoints
        return .send(endpoints)
    }
}

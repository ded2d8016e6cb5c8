package import Wire

/// All that the path agents need to know of our own side: what `LocalAgent` gathers.
package struct LocalDescription: Hashable, Sendable {
    /// The sockets that probes may leave from.
    package var sockets: [LocalSocket]
    /// Where peers may reach us, best first: what is published and what a call-me-maybe carries.
    package var candidates: [Candidate]
    package var behavior: NATBehavior
    /// When STUN last confirmed the mapped endpoints, or found that there are none; nil before the first time.
    package var confirmedAt: Instant?

    package init(
        sockets: [LocalSocket] = [], candidates: [Candidate] = [], behavior: NATBehavior = .unknown,
        confirmedAt: Instant? = nil
    ) {
        self.sockets = sockets
        self.candidates = candidates
        self.behavior = behavior
        self.confirmedAt = confirmedAt
    }
}

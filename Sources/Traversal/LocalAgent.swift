package import Wire

/// Knows our own side: candidates from interfaces and STUN, the NAT's behaviour, and how long its mappings live.
///
/// **Shell's contract.** As for `PathAgent`: verbs in, effects out, `deadlineReached` when `nextDeadline` is not after `now`.
/// All STUN requests leave from the sockets that carry the traffic, so that they open and show the mappings that matter.
package struct LocalAgent: Sendable {
    /// What the shell must do.
    package enum Effect: Equatable, Sendable {
        /// Send the datagram from the socket to the server (or, in the hairpin test, to ourselves).
        case sendSTUN([UInt8], to: Endpoint, over: SocketID)
        /// The candidates or the behaviour changed: publish them and give the description to every path agent.
        case descriptionChanged(LocalDescription)
        /// A refresh ended and changed nothing: give the description (its `confirmedAt` is later) to the path agents.
        case descriptionConfirmed(LocalDescription)
    }

    package init(configuration: PathAgent.Configuration = .standard, at now: Instant) {
    }

    // MARK: What the shell tells

    /// Replaces the STUN servers' addresses: best two or more per family, of at least two addresses.
    package mutating func setServers(_ servers: [Endpoint], at now: Instant) {
    }

    /// Replaces sockets and interfaces: at the start and whenever the kernel reports a change.
    package mutating func setNetwork(
        sockets: [LocalSocket], interfaces: [NetworkInterface], at now: Instant, effects: inout [Effect]
    ) {
    }

    /// Replaces endpoints that come from elsewhere: `portMapped` and `configured` candidates.
    package mutating func setExtraCandidates(_ candidates: [Candidate], at now: Instant, effects: inout [Effect]) {
    }

    /// Whether traffic flows to any peer: only then mappings are kept alive.
    package mutating func setInUse(_ isInUse: Bool, at now: Instant) {
    }

    /// Asks for mapped endpoints that are confirmed now. A description effect follows, at once if they are fresh.
    package mutating func refresh(at now: Instant, effects: inout [Effect]) {
    }

    /// Asks for a full look at the NAT's behaviour (`causeway netcheck`), and refreshes.
    package mutating func measureBehavior(at now: Instant) {
    }

    /// Takes a STUN message that came to one of the sockets; what is not an answer to a request of ours is ignored.
    package mutating func receive(
        _ bytes: RawSpan, from source: Endpoint, over socket: SocketID, at now: Instant, effects: inout [Effect]
    ) {
    }

    // MARK: Time

    /// When `deadlineReached` wants to be called; nil when there is nothing to wait for. O(1).
    package var nextDeadline: Instant? { nil }

    /// Sends the requests that are due and gives up on those that got no answer.
    package mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
    }

    // MARK: What is shown

    /// The current state of our side.
    package var description: LocalDescription { LocalDescription() }
}

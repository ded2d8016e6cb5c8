package import Disco
package import Wire

/// Finds and keeps the best path to one peer.
///
/// The relay carries traffic from the first packet. The agent probes every pair of local socket and remote candidate,
/// moves traffic to the best one that answers, watches it, and goes back to the next best or to the relay when it breaks.
///
/// **Shell's contract.** Call the verbs as things happen, carry out the effects in order, then look at `nextDeadline`:
/// when it is not after `now`, call `deadlineReached` at once, else arm the one timer for it. Only `deadlineReached`
/// sends probes, so it alone needs a random source. Messages given to `receive` must have been opened with the peer's
/// disco key, and those by relay must come from the peer's node key.
package struct PathAgent: Sendable {
    /// What the shell must do.
    package enum Effect: Equatable, Sendable {
        /// Seal the message and send it over the path; with `timeToLive`, with that IP TTL for this one datagram (it is meant
        /// to die on its way: ignore ICMP errors about it).
        case sendDirect(Disco.Message, over: DirectPath, timeToLive: UInt8?)
        /// Seal the message and send it through the relay.
        case sendViaRelay(Disco.Message)
        /// Call `LocalAgent.refresh`, and `setLocal` on this agent when that is done.
        case refreshLocal
        /// Traffic takes another path, or the path's trust changed. For display and logs: `trafficSent` decides per packet.
        case pathChanged(Path)
    }

    package init(localNode: NodeKey, configuration: Configuration = .standard, at now: Instant) {
        self.localNode = localNode
        self.configuration = configuration
    }

    private let localNode: NodeKey
    private let configuration: Configuration

    // MARK: Traffic

    /// Decides where one packet of `byteCount` bytes of UDP payload goes. Cheap: called for every packet sent.
    package mutating func trafficSent(_ byteCount: Int, at now: Instant) -> Route {
        .relay
    }

    /// Notes an authentic packet of user data: it shows that the peer's way to us works.
    package mutating func trafficReceived(from origin: Origin, at now: Instant) {
    }

    // MARK: Messages

    /// Takes an authentic disco message from the peer.
    package mutating func receive(
        _ message: Disco.Message, from origin: Origin, at now: Instant, effects: inout [Effect]
    ) {
    }

    // MARK: What is known of both sides

    /// Replaces the peer's published candidates and behaviour.
    package mutating func setRemoteCandidates(_ candidates: [Candidate], behavior: NATBehavior?, at now: Instant) {
    }

    /// Replaces our own side's description: after every `LocalAgent` effect that carries one.
    package mutating func setLocal(_ local: LocalDescription, at now: Instant, effects: inout [Effect]) {
    }

    // MARK: Changes

    /// The kernel refused a datagram on this path, or reported an ICMP error for one.
    package mutating func sendFailed(
        over path: DirectPath, _ error: SendError, at now: Instant, effects: inout [Effect]
    ) {
    }

    /// Our addresses, routes or sockets changed, or the machine woke from sleep: every path is in doubt.
    package mutating func networkChanged(at now: Instant, effects: inout [Effect]) {
    }

    /// The peer has a new disco key or was restarted: all that was learnt from its messages is void.
    package mutating func peerRestarted(at now: Instant, effects: inout [Effect]) {
    }

    /// The relay link came up or went down, or the relay says that the peer is gone or back.
    package mutating func relayChanged(isReachable: Bool, at now: Instant, effects: inout [Effect]) {
    }

    /// The user wants a direct path now: starts a discovery without waiting for the back-off.
    package mutating func retry(at now: Instant) {
    }

    // MARK: Time

    /// When `deadlineReached` wants to be called; nil when there is nothing to wait for. O(1).
    package var nextDeadline: Instant? { nil }

    /// Sends the probes that are due and notices what did not come.
    package mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
    }

    // MARK: What is shown

    /// The path that traffic takes.
    package var path: Path { .relay(latency: nil) }

    /// Why traffic takes this path: one sentence for people, a stable name for programs.
    package var explanation: PathExplanation { .notTried }

    /// What discovery has cost so far.
    package var statistics: ProbeStatistics { ProbeStatistics() }
}

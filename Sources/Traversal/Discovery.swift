internal import Wire

/// When to look for direct paths: rounds while somebody needs one, with growing pauses, and a review now and then.
enum Discovery: Sendable, Equatable {
    /// A round: all pairs are being probed.
    struct Round: Sendable, Equatable {
        let startedAt: Instant
        /// Failed rounds before it since the last success or change.
        let failures: Int
        /// When the peer probes too, so that real pings spoil nothing; nil while that is not known.
        var peerStartsAt: Instant?

        /// The last attempts are made within a second of the peer's start; the rest is for a peer that must ask STUN first.
        static let duration: Duration = .seconds(4)

        var endsAt: Instant { startedAt + Self.duration }

        func hasPeerStarted(at now: Instant) -> Bool {
            peerStartsAt.map { $0 <= now } ?? false
        }
    }

    /// Nobody needs a path.
    case dormant
    case running(Round)
    /// The last rounds found nothing; the next starts at `until` if a path is still needed.
    case waiting(until: Instant, failures: Int)
    /// A direct path works. All pairs are probed again at `reviewAt`, in case a better one exists.
    case settled(reviewAt: Instant)

    /// Pauses after failed rounds. The short one covers lost packets. The long ones outlast the 30 s for which a gateway remembers a
    /// stray packet: the rounds behind them send no openers, since a neighbour's gateway is nearer than any TTL that leaves ours,
    /// and both sides start at one moment instead.
    static let pauses: [Duration] =
        [.seconds(5)] + [Duration](repeating: .seconds(34), count: 7) + [.seconds(70), .seconds(140)]
    /// Pauses while a path that worked is missed: its address is the peer's, and is worth asking for a few minutes.
    static let pausesAfterLoss: [Duration] =
        [Duration](repeating: .seconds(5), count: 5) + pauses.dropFirst()
    static let longestPause: Duration = .seconds(300)
    /// A round behind a pause of at least this is a simultaneous start.
    static let quietPause: Duration = .seconds(34)
    /// How much earlier than computed a simultaneous start is made, by turns that differ from node to node: where one side's packet
    /// has the longer way out, or the relay is slower in one direction, that side must go first.
    static func lead(of node: NodeKey, turn: Int) -> Duration {
        .milliseconds(5 * Int64(node.bytes[turn % NodeKey.byteCount] % 8))
    }

    /// Between reviews while a direct path works.
    static let reviewInterval: Duration = .seconds(60)
    /// A path as fast as this is not worth a review.
    static let goodEnough: Duration = .milliseconds(5)
    /// Between rounds that losses of paths ask for.
    static let leastSpacing: Duration = .seconds(4)

    var round: Round? {
        switch self {
        case .running(let round): round
        case .dormant, .waiting, .settled: nil
        }
    }

    var failures: Int {
        switch self {
        case .running(let round): round.failures
        case .waiting(_, let failures): failures
        case .dormant, .settled: 0
        }
    }

    var nextDeadline: Instant? {
        switch self {
        case .dormant: nil
        case .running(let round): round.endsAt
        case .waiting(let until, _): until
        case .settled(let reviewAt): reviewAt
        }
    }

    /// A round ended without a path.
    ///
    /// - Parameter hadPath: a direct path existed and broke: it may come back at any moment.
    mutating func roundFailed(hadPath: Bool, at now: Instant) {
        self = .waiting(until: now + Self.pause(after: failures, hadPath: hadPath), failures: failures + 1)
    }

    /// Whether the round to come follows a pause so long that gateways have forgotten strays.
    func isAfterQuiet(hadPath: Bool) -> Bool {
        failures > 0 && Self.pause(after: failures - 1, hadPath: hadPath) >= Self.quietPause
    }

    private static func pause(after failures: Int, hadPath: Bool) -> Duration {
        let pauses = hadPath ? pausesAfterLoss : pauses
        return failures < pauses.count ? pauses[failures] : longestPause
    }
}

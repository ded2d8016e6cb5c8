internal import Wire

/// When to look for direct paths: rounds while somebody needs one, with growing pauses, and a review now and then.
enum Discovery: Sendable, Equatable {
    /// A round: all pairs are being probed.
    struct Round: Sendable, Equatable {
        let startedAt: Instant
        /// Failed rounds before it since the last success or change.
        let failures: Int
        /// Whether the peer is known to probe too, so that real pings spoil nothing.
        var hasPeerStarted: Bool

        /// A pair's last attempt is sent 3 s after its first; its pong may take a second.
        static let duration: Duration = .seconds(4)

        var endsAt: Instant { startedAt + Self.duration }
    }

    /// Nobody needs a path.
    case dormant
    case running(Round)
    /// The last rounds found nothing; the next starts at `until` if a path is still needed.
    case waiting(until: Instant, failures: Int)
    /// A direct path works. All pairs are probed again at `reviewAt`, in case a better one exists.
    case settled(reviewAt: Instant)

    /// Pause after the first failed round; doubled for each further one.
    static let firstPause: Duration = .seconds(5)
    static let longestPause: Duration = .seconds(300)
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
    mutating func roundFailed(at now: Instant) {
        let pause = min(Self.firstPause * (1 << min(failures, 8)), Self.longestPause)
        self = .waiting(until: now + pause, failures: failures + 1)
    }
}

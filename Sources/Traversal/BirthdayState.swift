internal import Wire

/// Where an agent stands with guessing ports.
enum BirthdayState: Sendable {
    case idle
    /// The peer has started to look for a path. Guessing begins at `due`, unless something better is found until then; it waits for
    /// endpoints that STUN has confirmed, but not beyond `latest`.
    case wanted(due: Instant, latest: Instant)
    /// The shell was asked for leave and sockets.
    case asked(BirthdayPlan)
    case running(BirthdayProbing, GatewayWatch)

    /// Until guessing begins where something else may work: IPv6, a mapped port, a filter that is not known.
    static let patience: Duration = .milliseconds(300)
    /// Between two looks at whether our endpoints are confirmed.
    static let confirmationInterval: Duration = .milliseconds(50)

    var run: BirthdayProbing? {
        switch self {
        case .running(let run, _): run
        case .idle, .wanted, .asked: nil
        }
    }

    var nextDeadline: Instant? {
        switch self {
        case .idle, .asked: nil
        case .wanted(let due, _): due
        case .running(let run, _): run.nextDeadline
        }
    }
}

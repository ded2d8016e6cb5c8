internal import Wire

/// Where an agent stands with guessing ports.
enum BirthdayState: Sendable {
    case idle
    /// The peer has started to look for a path. Guessing begins at `due`, unless something better is found until then; it waits for
    /// endpoints that STUN has confirmed, but not beyond `latest`.
    case wanted(due: Instant, latest: Instant)
    /// The shell was asked for leave and sockets.
    case asked(BirthdayPlan)
    /// STUN is asked again at `checkAt` whether the gateway still takes packets.
    case running(BirthdayProbing, checkAt: Instant)

    /// Until guessing begins where something else may work: IPv6, a mapped port, a filter that is not known.
    static let patience: Duration = .milliseconds(300)
    /// Between two looks at whether our endpoints are confirmed.
    static let confirmationInterval: Duration = .milliseconds(50)
    /// Between two looks at whether the gateway still takes packets.
    static let checkInterval: Duration = .seconds(2)

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
        case .running(let run, let checkAt): run.nextDeadline.map { min($0, checkAt) }
        }
    }
}

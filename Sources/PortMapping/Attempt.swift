internal import Wire

/// An attempt by one of the protocols.
enum Attempt: Sendable {
    case pcp(PCPAttempt)
    case natPMP(NATPMPAttempt)
    case upnp(UPnPAttempt)

    var method: MappingMethod {
        switch self {
        case .pcp: .pcp
        case .natPMP: .natPMP
        case .upnp: .upnp
        }
    }

    var deadline: Instant {
        switch self {
        case .pcp(let attempt): attempt.deadline
        case .natPMP(let attempt): attempt.deadline
        case .upnp(let attempt): attempt.deadline
        }
    }

    mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [PortMapper.Effect]
    ) -> AttemptProgress {
        guard now >= deadline else { return .pending }
        switch self {
        case .pcp(var attempt):
            let progress = attempt.deadlineReached(at: now, effects: &effects)
            self = .pcp(attempt)
            return progress
        case .natPMP(var attempt):
            let progress = attempt.deadlineReached(at: now, effects: &effects)
            self = .natPMP(attempt)
            return progress
        case .upnp(var attempt):
            let progress = attempt.deadlineReached(at: now, using: &random, effects: &effects)
            self = .upnp(attempt)
            return progress
        }
    }

    /// How to take back what the gateway may have done already; nil when it can have done nothing.
    var removal: Removal.Question? {
        switch self {
        case .pcp(let attempt): .pcp(attempt.nonce, attempt.route)
        case .natPMP(let attempt): .natPMP(attempt.route)
        case .upnp(let attempt): attempt.uncertain.map { .upnp($0.service, externalPort: $0.externalPort) }
        }
    }
}

/// A row of attempts: what to try if this one fails, and what the earlier ones told.
struct AttemptRow: Sendable {
    /// Protocols not tried yet.
    var remaining: [MappingMethod]
    /// The end of all of them.
    let endsAt: Instant
    /// Whether it relies on what was seen earlier, without a search just before.
    let isFromMemory: Bool
    /// Whether it renews the lease; then there is but one attempt.
    var isRenewal = false
    /// The failure that says most.
    var failure: MappingFailure?
    /// How long the gateway says that asking again is useless.
    var retryAfter: Duration?

    mutating func failed(_ reason: MappingFailure, retryAfter: Duration?) {
        switch failure {
        case nil, .noService, .noAnswer: failure = reason
        case .notAuthorized, .networkDown, .outOfResources, .unsupported, .unusableAddress, .portConflict, .refused: break
        }
        if let retryAfter { self.retryAfter = max(self.retryAfter ?? .zero, retryAfter) }
    }
}

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

/// A row of attempts, one for each protocol that is heard before it ends, and what they told.
struct AttemptRow: Sendable {
    /// Protocols tried so far, the running attempt's included.
    var tried: [MappingMethod] = []
    /// The end of all of them.
    let endsAt: Instant
    /// Whether it relies on what was seen earlier, without a search just before.
    let isFromMemory: Bool
    /// Whether it renews the lease; then there is but one attempt.
    let isRenewal: Bool
    /// The failure that says most.
    var failure: MappingFailure?
    /// How long the gateway says that asking again is useless.
    var retryAfter: Duration?

    init(endsAt: Instant, isFromMemory: Bool, isRenewal: Bool = false) {
        self.endsAt = endsAt
        self.isFromMemory = isFromMemory
        self.isRenewal = isRenewal
    }

    mutating func failed(_ reason: MappingFailure, retryAfter: Duration?) {
        if reason.weight > failure?.weight ?? -1 { failure = reason }
        if let retryAfter { self.retryAfter = max(self.retryAfter ?? .zero, retryAfter) }
    }
}

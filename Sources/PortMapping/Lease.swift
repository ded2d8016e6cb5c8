internal import Wire

/// A mapping with what is needed to renew or remove it.
struct Lease: Hashable, Sendable {
    enum Token: Hashable, Sendable {
        case pcp(PCPNonce)
        case natPMP
        case upnp(IGDService, isPermanent: Bool)
    }

    /// What is asked for (RFC 6886 §3.3 recommends it), and what a longer grant counts as: two hours, in seconds.
    static let askedLifetime: UInt32 = 7200
    /// Shorter grants are renewed no more often.
    private static let shortestRenewal: Duration = .seconds(1)

    let mapping: Mapping
    let token: Token
    let grantedAt: Instant
    let lifetime: Duration

    init(_ mapping: Mapping, _ token: Token, seconds: UInt32, at now: Instant) {
        self.mapping = mapping
        self.token = token
        grantedAt = now
        lifetime = .seconds(Int64(min(seconds, Self.askedLifetime)))
    }

    /// Half of the lifetime (RFC 6886 §3.3, RFC 6887 §11.2.1).
    var renewAt: Instant { grantedAt + max(lifetime / 2, Self.shortestRenewal) }

    /// When the gateway forgets it; a rule without an end is not trusted for longer than one with.
    var expiresAt: Instant { grantedAt + max(lifetime, Self.shortestRenewal * 2) }
}

/// How an attempt to get or renew a mapping by one protocol stands.
enum AttemptProgress: Hashable, Sendable {
    case pending
    case granted(Lease)
    /// Not to be had. The gateway may say for how long that will be so.
    case failed(MappingFailure, retryAfter: Duration? = nil)
}

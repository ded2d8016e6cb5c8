/// Every number that bounds the registry, with its default. A server may change them while it runs.
package struct RegistryLimits: Equatable, Sendable {
    /// Nodes in one network: more would make each peer's stream and list too heavy.
    package var nodesPerNetwork = 10_000
    /// Networks on one server.
    package var networks = 1024
    /// Join keys remembered, dead ones included; the oldest dead ones give way.
    package var joinKeys = 10_000
    /// Candidates in one update.
    package var candidates = 64
    /// Path reports in one update.
    package var pathReports = 256
    /// Audit entries kept, in memory and on disk: so many of operators, and so many of everybody else.
    package var auditEntries = 10_000
    /// Changes per network that a stream can resume over; one that missed more gets a snapshot.
    package var replayableEvents = 4096

    /// Requests a second without a token, per source prefix (/24 of IPv4, /56 of IPv6).
    package var sourceRate = 20.0
    /// How many of them at once: an office behind one address may register together.
    package var sourceBurst = 200.0
    /// Requests a second per node.
    package var nodeRate = 10.0
    /// How many of them at once.
    package var nodeBurst = 100.0
    /// Sources and nodes whose rate is watched, each: beyond it the longest idle are forgotten.
    package var trackedRates = 65_536

    /// How long a challenge is good for.
    package var challengeLifetime = Duration.seconds(60)
    /// Challenges used within their lifetime, remembered so that none is used twice.
    package var usedChallenges = 65_536
    /// How long an ephemeral node may be gone.
    package var ephemeralAbsence = Duration.seconds(30 * 60)
    /// How far the stored "last seen" may lag behind.
    package var lastSeenLag = Duration.seconds(5 * 60)

    package init() {}

    /// The longest note and reason, in characters as JSON Schema counts them: Unicode scalars.
    package static let maximumTextLength = 200
    /// The longest life of a join key: ten years of 365 days, in seconds.
    package static let maximumJoinKeySeconds: Int64 = 315_360_000
    /// How long a join key lives when nothing else is said: a day.
    package static let defaultJoinKeySeconds: Int64 = 86_400
    /// The largest sequence number: JSON readers keep integers exactly up to here.
    package static let maximumSequence: Int64 = (1 << 53) - 1
    /// The most uses that a join key with a number of uses may have.
    package static let maximumJoinKeyUses = 1_000_000
}

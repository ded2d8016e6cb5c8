internal import Wire

/// The sockets opened to guess ports that are still open, and those of them that the peer has reached.
struct BirthdaySockets: Sendable {
    /// Reached sockets that are kept: more hits than these come in one round trip hardly ever.
    static let maximumHits = 4
    /// Pings over a reached path until it answers, and between them.
    static let attempts = 4
    static let retryDelay: Duration = .milliseconds(200)

    private struct Hit: Sendable {
        let path: DirectPath
        var attempts = 0
        /// When the next ping is due, or the path is given up.
        var nextAttempt: Instant
    }

    /// All that are open.
    private(set) var all: Set<SocketID> = []
    private var hits: [Hit] = []

    /// When `takeDue` has something to tell.
    var nextDeadline: Instant? { hits.lazy.map(\.nextAttempt).min() }

    mutating func opened(_ sockets: [SocketID]) {
        all.formUnion(sockets)
    }

    /// An authentic ping came over the path: it is to be pinged back.
    mutating func heard(over path: DirectPath, at now: Instant) {
        guard all.contains(path.socket), hits.count < Self.maximumHits, !hits.contains(where: { $0.path == path }) else { return }
        hits.append(Hit(path: path, nextAttempt: now))
    }

    /// The reached paths that are to be pinged now. One that never answers is forgotten.
    mutating func takeDue(at now: Instant) -> [DirectPath] {
        var due: [DirectPath] = []
        hits.removeAll { $0.nextAttempt <= now && $0.attempts >= Self.attempts }
        for index in hits.indices where hits[index].nextAttempt <= now {
            due.append(hits[index].path)
            hits[index].attempts += 1
            hits[index].nextAttempt = now + Self.retryDelay * (1 << hits[index].attempts)
        }
        return due
    }

    /// The ping was not sent: it is due again.
    mutating func postpone(_ path: DirectPath, until due: Instant) {
        guard let index = hits.firstIndex(where: { $0.path == path }) else { return }
        hits[index].attempts -= 1
        hits[index].nextAttempt = due
    }

    /// The path answered: it is watched as any other from here on.
    mutating func answered(_ path: DirectPath) {
        hits.removeAll { $0.path == path }
    }

    /// Gives up all sockets but those in use and those just reached.
    mutating func release(keeping used: Set<SocketID>) -> [SocketID] {
        let kept = used.union(hits.map(\.path.socket))
        let released = all.subtracting(kept)
        all.subtract(released)
        return released.sorted()
    }

    /// Gives up all sockets.
    mutating func releaseAll() -> [SocketID] {
        hits = []
        return release(keeping: [])
    }
}

internal import Wire

/// Holds the direct paths that have answered and chooses the one that carries traffic and the one kept warm behind it.
struct PathSelector: Sendable {
    /// Paths remembered; the one proven longest ago makes room.
    static let maximumPaths = 12
    /// A path proven longer ago is not chosen.
    static let memory: Duration = .seconds(35)
    /// After a change between two working paths the choice rests, so that jitter does not make it flap.
    static let dwell: Duration = .seconds(3)

    private(set) var paths: [PathHealth] = []
    private(set) var current: DirectPath?
    private(set) var standby: DirectPath?
    private var changedAt: Instant?

    var currentHealth: PathHealth? { current.flatMap { health(of: $0) } }

    func health(of path: DirectPath) -> PathHealth? {
        paths.first { $0.path == path }
    }

    /// The earliest ping that is due.
    var nextPing: Instant? {
        paths.lazy.compactMap { path in
            guard let probe = path.capacity.nextProbe else { return path.nextPing }
            return min(probe, path.nextPing ?? probe)
        }.min()
    }

    /// The paths that are proven well enough not to need a probe of a discovery.
    func trusted(at now: Instant) -> Set<DirectPath> {
        Set(paths.lazy.filter { $0.isTrusted(at: now) }.map(\.path))
    }

    // MARK: Content

    mutating func answered(_ path: DirectPath, latency: Duration, sentAt: Instant, byteCount: Int, at now: Instant) {
        if let index = index(of: path) {
            paths[index].answered(latency: latency, sentAt: sentAt, at: now)
            paths[index].capacity.answered(byteCount: byteCount)
            return
        }
        if paths.count >= Self.maximumPaths,
            let oldest = paths.indices.filter({ paths[$0].path != current }).min(by: { paths[$0].provenAt < paths[$1].provenAt })
        {
            paths.remove(at: oldest)
        }
        paths.append(PathHealth(path: path, latency: latency, at: now))
    }

    mutating func update(_ path: DirectPath, _ change: (inout PathHealth) -> Void) {
        guard let index = index(of: path) else { return }
        change(&paths[index])
    }

    mutating func updateAll(_ change: (inout PathHealth) -> Void) {
        for index in paths.indices { change(&paths[index]) }
    }

    mutating func removeAll(where isGone: (PathHealth) -> Bool) {
        paths.removeAll(where: isGone)
        if let current, index(of: current) == nil { self.current = nil }
        if let standby, index(of: standby) == nil { self.standby = nil }
    }

    // MARK: Choice

    /// Chooses again. Called after every answer, timeout and loss.
    mutating func choose(at now: Instant) {
        let kept = current
        removeAll { $0.isDead || ($0.path != kept && now - $0.provenAt > Self.memory && $0.nextPing == nil) }
        let best = paths.filter { !$0.isFailing && now - $0.provenAt <= Self.memory }
            .reduce(nil as PathHealth?) { best, path in
                guard let best else { return path }
                return path.score.isBetter(than: best.score) ? path : best
            }
        if let best, best.path != current, takesOver(best, at: now) {
            if let health = currentHealth {
                if health.isFailing { update(best.path) { $0.becomeUnsure(at: now) } } else { changedAt = now }
            }
            current = best.path
        }
        chooseStandby(at: now)
    }

    private func takesOver(_ challenger: PathHealth, at now: Instant) -> Bool {
        guard let health = currentHealth, !health.isFailing else { return true }
        if let changedAt, now - changedAt < Self.dwell { return false }
        return challenger.isTrusted(at: now) && challenger.score.isBetter(than: health.score)
    }

    /// The next best path; one over another socket or to another address is preferred, since it may survive what breaks the first.
    private mutating func chooseStandby(at now: Instant) {
        guard let current else {
            standby = nil
            return
        }
        func isDiverse(_ path: DirectPath) -> Bool {
            path.socket != current.socket || path.endpoint.address != current.endpoint.address
        }
        standby =
            paths.filter { $0.path != current && !$0.isFailing && now - $0.provenAt <= Self.memory }
            .reduce(nil as PathHealth?) { best, path in
                guard let best else { return path }
                if isDiverse(path.path) != isDiverse(best.path) { return isDiverse(path.path) ? path : best }
                return path.score.isBetter(than: best.score) ? path : best
            }?.path
    }

    private func index(of path: DirectPath) -> Int? {
        paths.firstIndex { $0.path == path }
    }
}

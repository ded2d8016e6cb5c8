/// Gathers what the shards report, and resumes the one who asked when all have.
final class SnapshotCollector: Sendable {
    private struct Content {
        var left: Int
        var statistics = RelayStatistics()
        var continuation: CheckedContinuation<RelayStatistics, Never>?
    }

    private let content: Lock<Content>

    init(shardCount: Int, _ continuation: CheckedContinuation<RelayStatistics, Never>) {
        content = Lock(Content(left: shardCount, continuation: continuation))
    }

    /// Adds one shard's report.
    func add(_ report: RelayStatistics) {
        let finished = content.withLock { content -> (CheckedContinuation<RelayStatistics, Never>?, RelayStatistics) in
            content.statistics.add(report)
            content.left -= 1
            guard content.left == 0 else { return (nil, content.statistics) }
            defer { content.continuation = nil }
            return (content.continuation, content.statistics)
        }
        finished.0?.resume(returning: finished.1)
    }
}

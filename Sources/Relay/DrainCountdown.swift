/// Resumes the one who waits when every shard has drained its connections.
final class DrainCountdown: Sendable {
    private let left: Lock<(count: Int, continuation: CheckedContinuation<Void, Never>?)>

    init(shardCount: Int, _ continuation: CheckedContinuation<Void, Never>) {
        left = Lock((shardCount, continuation))
    }

    func shardDrained() {
        let continuation = left.withLock { left -> CheckedContinuation<Void, Never>? in
            left.count -= 1
            guard left.count == 0 else { return nil }
            defer { left.continuation = nil }
            return left.continuation
        }
        continuation?.resume()
    }
}

internal import NIOConcurrencyHelpers

/// Answers by the hundreds of their status.
final class ResponseCounts: Sendable {
    private let counts = NIOLockedValueBox<[String: UInt64]>(["2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0])

    func count(status: Int) {
        let name = "\(min(max(status / 100, 1), 5))xx"
        counts.withLockedValue { $0[name, default: 0] += 1 }
    }

    var snapshot: [String: UInt64] { counts.withLockedValue { $0 } }
}

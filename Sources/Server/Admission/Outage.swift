internal import Logging
internal import NIOConcurrencyHelpers

/// Whether the admission server answers: its silence is logged when it begins and when it ends, with the denials in between.
final class Outage: Sendable {
    private let deniedCount = NIOLockedValueBox<Int?>(nil)
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// A client was denied for want of an answer.
    func noAnswer(_ reason: String) {
        let isFirst = deniedCount.withLockedValue { count in
            defer { count = (count ?? 0) + 1 }
            return count == nil
        }
        guard isFirst else { return }
        logger.warning("the admission server gives no answer: clients are denied", metadata: ["reason": "\(reason)"])
    }

    func answerCame() {
        let denied = deniedCount.withLockedValue { count in
            defer { count = nil }
            return count
        }
        guard let denied else { return }
        logger.notice("the admission server answers again", metadata: ["denied": "\(denied)"])
    }
}

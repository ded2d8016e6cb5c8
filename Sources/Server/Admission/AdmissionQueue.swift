internal import Logging
internal import NIOConcurrencyHelpers
internal import Relay
internal import Wire

/// The relay's questions on their way to whoever decides.
///
/// Shards ask from their own threads and must not wait, so a question whose answer is not at hand goes into a queue and `run` answers it.
final class AdmissionQueue: RelayAdmission, Sendable {
    private struct Question: Sendable {
        let request: AdmissionRequest
        let decide: @Sendable (AdmissionDecision) -> Void
    }

    struct Counts: Sendable {
        var admitted: UInt64 = 0
        var denied: UInt64 = 0
    }

    /// Questions that may wait; more are denied at once, and their clients come back.
    private static let capacity = 16_384
    /// Questions that are worked on at the same time: another server's answer may take seconds.
    private static let concurrency = 64

    private let questions: AsyncStream<Question>
    private let input: AsyncStream<Question>.Continuation
    private let rule = NIOLockedValueBox<@Sendable (AdmissionRequest) -> AdmissionDecision?>({ _ in nil })
    private let counted = NIOLockedValueBox(Counts())
    private let logger: Logger

    init(logger: Logger) {
        (questions, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
        self.logger = logger
    }

    var counts: Counts { counted.withLockedValue { $0 } }

    /// Sets the rule that answers what can be answered at once; it says nil to all else.
    func decideAtOnce(by rule: @escaping @Sendable (AdmissionRequest) -> AdmissionDecision?) {
        self.rule.withLockedValue { $0 = rule }
    }

    func admit(_ request: AdmissionRequest, decide: @escaping @Sendable (AdmissionDecision) -> Void) {
        let rule = rule.withLockedValue { $0 }
        // Other relays of the region have shown the mesh key: who comes by them was admitted there.
        if let answer = request.isMesh ? .allow(network: 0) : rule(request) {
            conclude(Question(request: request, decide: decide), answer)
            return
        }
        switch input.yield(Question(request: request, decide: decide)) {
        case .enqueued: break
        case .dropped, .terminated: decide(.deny)
        @unknown default: decide(.deny)
        }
    }

    /// Answers questions until `finish`.
    func run(_ decision: @escaping @Sendable (AdmissionRequest) async -> AdmissionDecision) async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await question in questions {
                if running >= Self.concurrency {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { await self.conclude(question, decision(question.request)) }
            }
        }
    }

    /// Takes no more questions.
    func finish() {
        input.finish()
    }

    private func conclude(_ question: Question, _ answer: AdmissionDecision) {
        question.decide(answer)
        counted.withLockedValue { counts in
            if answer == .deny { counts.denied += 1 } else { counts.admitted += 1 }
        }
        if answer == .deny {
            let request = question.request
            logger.debug(
                "relay client denied", metadata: ["key": "\(request.key.shortText)", "source": "\(request.source)"])
        }
    }
}

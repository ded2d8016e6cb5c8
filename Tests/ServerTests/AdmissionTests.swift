import CryptoBox
import Logging
import NIOConcurrencyHelpers
import Relay
import Testing
import Wire

@testable import Server

struct AdmissionTests {
    private static func key(_ seed: UInt64) -> NodeKey {
        var random = SeededGenerator(seed)
        return NodePrivateKey(using: &random).publicKey
    }

    private static func request(_ key: NodeKey, isMesh: Bool = false) -> AdmissionRequest {
        AdmissionRequest(key: key, source: IPAddress(192, 0, 2, 1), isMesh: isMesh, isProber: false)
    }

    // MARK: Lists

    @Test func aListAdmitsItsKeysOnly() async throws {
        let file = try TemporaryFile("# friends\n\(Self.key(1))  # alice\n\n  \(Self.key(2))\n")
        let policy = AdmissionPolicy.list(NodeKeyList(try NodeKeyList.read(file.path)))
        #expect(await policy.decide(Self.request(Self.key(1))) == .allow(network: 0))
        #expect(await policy.decide(Self.request(Self.key(2))) == .allow(network: 0))
        #expect(await policy.decide(Self.request(Self.key(3))) == .deny)
    }

    @Test func aListThatIsReplacedTellsWhoIsGone() {
        let list = NodeKeyList([Self.key(1), Self.key(2)])
        #expect(list.replace(with: [Self.key(2), Self.key(3)]) == [Self.key(1)])
        #expect(!list.contains(Self.key(1)) && list.contains(Self.key(3)))
    }

    @Test func aDamagedListNamesItsLine() throws {
        let file = try TemporaryFile("\(Self.key(2))\nnodekey:12\n")
        let error = #expect(throws: StartError.self) { try NodeKeyList.read(file.path) }
        #expect(error?.description.hasPrefix("\(file.path):2: ") ?? false)
    }

    // MARK: Another server

    @Test func anOutageIsLoggedWhenItBeginsAndWhenItEnds() {
        let log = RecordedLog()
        let outage = Outage(logger: log.logger)
        outage.answerCame()
        for _ in 0..<3 { outage.noAnswer("timedOut") }
        #expect(log.lines == ["warning: the admission server gives no answer: clients are denied [reason: timedOut]"])
        outage.answerCame()
        outage.answerCame()
        #expect(log.lines.dropFirst() == ["notice: the admission server answers again [denied: 3]"])
    }

    // MARK: The queue

    @Test func everyQuestionIsAnsweredAndCounted() async {
        let queue = AdmissionQueue(logger: Logger(label: "test"))
        let answers = NIOLockedValueBox<[AdmissionDecision]>([])
        let allowed = Self.key(1)
        for key in [allowed, Self.key(2), Self.key(3)] {
            queue.admit(Self.request(key)) { answer in answers.withLockedValue { $0.append(answer) } }
        }
        queue.finish()
        await queue.run { $0.key == allowed ? .allow(network: 7) : .deny }
        #expect(answers.withLockedValue { $0.filter { $0 == .deny }.count } == 2)
        #expect(answers.withLockedValue { $0.contains(.allow(network: 7)) })
        #expect(queue.counts.admitted == 1 && queue.counts.denied == 2)
    }

    @Test func whatIsAtHandWaitsForNobody() {
        let queue = AdmissionQueue(logger: Logger(label: "test"))
        let policy = AdmissionPolicy.list(NodeKeyList([Self.key(1)]))
        queue.decideAtOnce { policy.decideAtOnce($0) }
        let answers = NIOLockedValueBox<[AdmissionDecision]>([])
        for seed: UInt64 in [1, 2] {
            queue.admit(Self.request(Self.key(seed))) { answer in answers.withLockedValue { $0.append(answer) } }
        }
        #expect(answers.withLockedValue { $0 } == [.allow(network: 0), .deny])
        #expect(queue.counts.admitted == 1 && queue.counts.denied == 1)
    }

    @Test func aQuestionAfterTheEndIsDenied() {
        let queue = AdmissionQueue(logger: Logger(label: "test"))
        queue.finish()
        let answer = NIOLockedValueBox<AdmissionDecision?>(nil)
        queue.admit(Self.request(Self.key(1))) { decision in answer.withLockedValue { $0 = decision } }
        #expect(answer.withLockedValue { $0 } == .deny)
    }

    @Test func anotherRelayOfTheMeshIsNotAsked() async {
        let queue = AdmissionQueue(logger: Logger(label: "test"))
        let answer = NIOLockedValueBox<AdmissionDecision?>(nil)
        queue.admit(Self.request(Self.key(1), isMesh: true)) { decision in answer.withLockedValue { $0 = decision } }
        queue.finish()
        await queue.run { _ in .deny }
        #expect(answer.withLockedValue { $0 } == .allow(network: 0))
    }
}

import Foundation
import TestSupport
import Testing
import Traversal
import Wire

/// Pairs whose ports must be guessed, through the simulated Internet.
@Suite struct BirthdayRunTests {
    /// Runs of each row; `CAUSEWAY_BIRTHDAYS` asks for more, and its table goes to standard output.
    static let count = ProcessInfo.processInfo.environment["CAUSEWAY_BIRTHDAYS"].flatMap { Int($0) } ?? 12

    @Test(arguments: BirthdayRow.all)
    func aPathIsFoundByGuesses(row: BirthdayRow) {
        let results = (0..<Self.count).map { row.run(seed: UInt64($0) + 1) }
        let times = results.compactMap(\.time).sorted()
        let summary: Comment = "\(row.name): \(times.count) of \(results.count), \(times) \(results.map(\.summary))"
        #expect(Double(times.count) >= 0.98 * Double(results.count), summary)
        if Self.count >= 100 {
            let (p50, p99) = (times[times.count / 2], times[times.count * 99 / 100])
            let packets = results.map(\.packets).sorted()
            print(
                "| \(row.name) | \(times.count) of \(results.count) | \(Int(p50.inMilliseconds)) ms | \(Int(p99.inMilliseconds)) ms "
                    + "| \(packets[packets.count / 2]) | \(packets[packets.count * 99 / 100]) | \(results.map(\.connections).max() ?? 0) |"
            )
            #expect(p50 <= row.p50, summary)
            #expect(p99 <= row.p99, summary)
        }
        #expect(results.allSatisfy { $0.openSockets <= 6 }, summary)
    }
}

/// One kind of pair.
struct BirthdayRow: CustomTestStringConvertible {
    let left: Access
    let right: Access
    var p50 = Duration.milliseconds(1500)
    var p99 = Duration.seconds(10)

    static func hard(_ allocation: NATKind.Allocation, _ filtering: NATKind.Dependence = .addressAndPortDependent) -> Access {
        .nat(NATKind(mapping: .addressAndPortDependent, filtering: filtering, allocation: allocation))
    }

    static let all: [BirthdayRow] = [
        BirthdayRow(left: hard(.random), right: .nat(NATKind())),
        BirthdayRow(left: hard(.random), right: .firewall),
        BirthdayRow(left: hard(.random), right: .nat(NATKind(allocation: .preserving, isSpoiltByStrays: true))),
        BirthdayRow(left: .nat(NATKind(mapping: .addressDependent)), right: .nat(NATKind())),
        BirthdayRow(left: hard(.block(first: 20_480, count: 2048)), right: .nat(NATKind())),
        BirthdayRow(left: hard(.sequential(step: 1)), right: .nat(NATKind())),
        BirthdayRow(left: hard(.sequential(step: 3)), right: .nat(NATKind())),
        BirthdayRow(
            left: .carrier(home: NATKind(), carrier: NATKind(mapping: .addressAndPortDependent)), right: .nat(NATKind()),
            p50: .seconds(4)),
        BirthdayRow(left: hard(.sequential(step: 1)), right: hard(.sequential(step: 2)), p50: .seconds(5)),
    ]

    var name: String { "\(left.name) with \(right.name)" }
    var testDescription: String { name }

    struct Result {
        let time: Duration?
        let packets: Int
        let openSockets: Int
        /// What a gateway's table had to hold.
        let connections: Int
        let summary: String
    }

    func run(seed: UInt64) -> Result {
        var run = PairRun(left, right, seed: seed)
        for _ in 0..<60 where !run.isDirect { run.talk(for: .milliseconds(250), every: .milliseconds(50)) }
        let times = [run.timeToDirect(run.aliceToBob), run.timeToDirect(run.bobToAlice)].compactMap { $0 }
        let packets = [run.aliceToBob, run.bobToAlice].reduce(0) { $0 + ($1?.agent.statistics.birthdayPingsSent ?? 0) }
        run.talk(for: .seconds(3))
        let isStable = run.isDirect && run.lost(from: run.aliceToBob, to: run.bobToAlice).count <= 1
        let agents = [run.aliceToBob, run.bobToAlice].map { $0.map { "\($0.agent.explanation) \($0.agent.statistics)" } ?? "" }
        return Result(
            time: times.count == 2 && isStable ? times.max() : nil, packets: packets,
            openSockets: max(run.alice.socketCount, run.bob.socketCount),
            connections: run.internet.gateways.map(\.largestConnectionCount).max() ?? 0, summary: agents.joined(separator: " / "))
    }
}

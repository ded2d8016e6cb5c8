import Foundation
import TestSupport
import Testing
import Traversal
import Wire

/// Pairs whose ports must be guessed, through the simulated Internet.
@Suite struct BirthdayRunTests {
    /// Runs of each row: `CAUSEWAY_BIRTHDAYS` asks for more.
    static let count = ProcessInfo.processInfo.environment["CAUSEWAY_BIRTHDAYS"].flatMap { Int($0) } ?? 8
    /// Of fewer, the slowest one of a hundred is not judged.
    static let enough = 100

    /// The file that `CAUSEWAY_GUESSES` names gets the table.
    @Test func everyRowIsDirectInTimeAndPolite() async throws {
        var table = [
            "| pair | direct | median | p99 | packets, left (p99) | packets, right (p99) | entries, left | entries, right |",
            "|" + String(repeating: " --- |", count: 8),
        ]
        let rows = await withTaskGroup(of: (Int, [BirthdayRun]).self) { group in
            for (index, row) in BirthdayRow.all.enumerated() {
                group.addTask { (index, (0..<Self.count / row.share).map { BirthdayRun(row, seed: UInt64($0) + 1) }) }
            }
            return await group.reduce(into: [Int: [BirthdayRun]]()) { $0[$1.0] = $1.1 }
        }
        for (index, row) in BirthdayRow.all.enumerated() {
            let runs = try #require(rows[index])
            let times = runs.compactMap(\.time).sorted()
            let summary: Comment = "\(row.name): \(times.count) of \(runs.count), \(times) \(runs.map(\.summary))"
            #expect(Double(times.count) >= row.rate * Double(runs.count) - 1, summary)
            #expect(runs.allSatisfy { $0.time == nil || $0.openSockets <= 6 }, summary)
            #expect(runs.allSatisfy { $0.entries.allSatisfy { $0 <= row.mostEntries } }, summary)
            guard !times.isEmpty else { continue }
            if Self.count >= Self.enough {
                #expect(Self.quantile(50, of: times) <= row.p50, summary)
                #expect(Self.quantile(99, of: times) <= row.p99, summary)
            }
            table.append(Self.line(row, runs, times))
        }
        guard let path = ProcessInfo.processInfo.environment["CAUSEWAY_GUESSES"] else { return }
        table.append("")
        table.append(
            "300 packets a second at most from each side; entries: the most that one of its gateways held at once, where that counts them."
        )
        try (table.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    private static func line(_ row: BirthdayRow, _ runs: [BirthdayRun], _ times: [Duration]) -> String {
        let packets = (0..<2).map { side in
            let sorted = runs.map { $0.packets[side] }.sorted()
            return "\(quantile(50, of: sorted)) (\(quantile(99, of: sorted)))"
        }
        let entries = (0..<2).map { side in "\(runs.map { $0.entries[side] }.max() ?? 0)" }
        let cells =
            [row.name, "\(times.count) of \(runs.count)", text(quantile(50, of: times)), text(quantile(99, of: times))] + packets
            + entries
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func text(_ duration: Duration) -> String {
        let hundredths = Int((duration.inSeconds * 100).rounded())
        return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10) s"
    }

    private static func quantile<Value>(_ percent: Int, of sorted: [Value]) -> Value {
        sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }
}

import Foundation
import Testing
import Wire

@testable import Traversal

/// Searches for ports against each other: as often successful as the arithmetic says, whatever the budget.
///
/// `CAUSEWAY_SEARCHES` names a file that gets the points of the chart, from many more searches: `Tests/plot_search.py` draws it.
@Suite struct SearchOddsTests {
    private static let file = ProcessInfo.processInfo.environment["CAUSEWAY_SEARCHES"]

    /// What is searched: ports of both sides, packets of each side, and searches.
    private struct Series {
        let name: String
        let ports: ClosedRange<UInt16>
        let packets: Int
        let runs: Int
        let points: Int
    }

    private static let quick = [Series(name: "256", ports: 2048...2303, packets: 600, runs: 200, points: 6)]
    private static let full = [
        Series(
            name: "all 64,512 ports, 100 packets a second", ports: PortOrder.usualPorts, packets: 170_000, runs: 1000, points: 17),
        Series(name: "blocks of 1,024 ports, 6 packets a second", ports: 2048...3071, packets: 8192, runs: 1000, points: 16),
    ]

    @Test func theSuccessRateFollowsTheArithmetic() async throws {
        var lines = ["series,packets,runs,found,arithmetic"]
        for series in Self.file == nil ? Self.quick : Self.full {
            let found = await Self.found(series)
            for (packets, odds) in Self.arithmetic(series) {
                let count = found.count { $0 <= packets }
                // Three and a half standard deviations, and a little for what the formula leaves out.
                let (runs, deviation) = (Double(series.runs), (odds * (1 - odds) * Double(series.runs)).squareRoot())
                #expect(
                    abs(Double(count) - odds * runs) <= 3.5 * deviation + 0.01 * runs,
                    "\(series.name): \(packets) packets, \(count), \(odds)")
                lines.append("\"\(series.name)\",\(packets),\(series.runs),\(count),\(odds)")
            }
        }
        guard let file = Self.file else { return }
        try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// The packets after which each successful search had found its path.
    private static func found(_ series: Series) async -> [Int] {
        await withTaskGroup(of: [Int].self) { group in
            let half = series.runs / 2
            for seeds in [0..<half, half..<series.runs] {
                group.addTask {
                    seeds.compactMap { SearchDuel(series.ports, packets: series.packets, seed: UInt64($0)).foundAfter }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func arithmetic(_ series: Series) -> [(packets: Int, odds: Double)] {
        var random = SeededGenerator(1)
        var search = PortSearch(from: series.ports, to: series.ports, isExhaustive: series.ports.count > PortSearch.widestBlock)
        return (0..<series.packets).compactMap { sent in
            _ = search.next(after: sent, using: &random)
            return (sent + 1).isMultiple(of: series.packets / series.points) ? (sent + 1, search.odds) : nil
        }
    }
}

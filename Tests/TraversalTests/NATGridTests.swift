import Foundation
import TestSupport
import Testing
import Traversal
import Wire

/// Every pair of NAT kinds: direct if and only if the oracle says that it can be, with one side's ports guessed where they must
/// be, else relayed, and never silent.
@Suite struct NATGridTests {
    /// Pairs of rows, each once.
    static let pairs = Access.all.indices.flatMap { row in (row..<Access.all.count).map { (row, $0) } }

    @Test(arguments: pairs)
    func aPairIsDirectExactlyIfTheOracleSaysSo(row: Int, column: Int) throws {
        let cell = try GridCell(Access.all[row], Access.all[column])
        let isGuessable = cell.oracle.guessedPorts == 1
        #expect(cell.isDirect.left == (cell.oracle.leftIsDirect || isGuessable), "\(cell.summary)")
        #expect(cell.isDirect.right == (cell.oracle.rightIsDirect || isGuessable), "\(cell.summary)")
        #expect(cell.lost == 0, "\(cell.summary)")
    }

    /// The table of the grid, which the file that `CAUSEWAY_GRID` names gets.
    @Test func theGridIsATable() throws {
        var lines = ["| | " + Access.all.map(\.name).joined(separator: " | ") + " |"]
        lines.append("|" + String(repeating: " --- |", count: Access.all.count + 1))
        for row in Access.all.indices {
            let cells = try Access.all.indices.map { column in
                column < row ? "" : try GridCell(Access.all[row], Access.all[column]).text
            }
            lines.append("| **\(Access.all[row].name)** | " + cells.joined(separator: " | ") + " |")
        }
        #expect(lines.count == Access.all.count + 2)
        guard let path = ProcessInfo.processInfo.environment["CAUSEWAY_GRID"] else { return }
        lines.append("")
        lines.append(
            "Milliseconds until both sides are direct, with 20 ms to the relay and 20 ms across the Internet. "
                + "\\*: one side's port had to be guessed; relay\\*\\*: both sides' would have to be.")
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// One pair of the grid, run for ten seconds.
struct GridCell {
    let isDirect: (left: Bool, right: Bool)
    let oracle: PathOracle
    let lost: Int
    let time: Duration?
    let probes: Int
    let summary: String

    init(_ left: Access, _ right: Access) throws {
        var run = PairRun(left, right)
        run.talk(for: .seconds(10))
        run.internet.run(for: .seconds(1))
        let (alice, bob) = (try #require(run.aliceToBob), try #require(run.bobToAlice))
        isDirect = (alice.agent.path.isDirect, bob.agent.path.isDirect)
        oracle = PathOracle(run.alice, run.bob)
        lost = run.lost(from: alice, to: bob).count + run.lost(from: bob, to: alice).count
        let times = [run.timeToDirect(alice), run.timeToDirect(bob)].compactMap { $0 }
        time = times.count == 2 ? times.max() : nil
        probes = alice.agent.statistics.pingsSent + bob.agent.statistics.pingsSent
        summary =
            "\(left.name) with \(right.name): \(alice.agent.explanation); \(bob.agent.explanation); "
            + "\(alice.agent.statistics) \(bob.agent.statistics)"
    }

    /// The cell of the table: milliseconds until both sides were direct, or `relay`, with the number of sides whose ports
    /// have to be guessed for a direct path.
    var text: String {
        let text = time.map { "\(Int($0.inMilliseconds.rounded())) ms" } ?? "relay"
        return text + (oracle.guessedPorts.map { String(repeating: "\\*", count: $0) } ?? "")
    }
}

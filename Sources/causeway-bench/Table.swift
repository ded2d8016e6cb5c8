internal import Foundation

/// Prints results: a readable table on standard error, one line of JSON on standard output.
enum Table {
    static func print(_ title: String, _ rows: [(String, String)], _ record: some Encodable) throws {
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { "  " + $0.0.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + $0.1 }
        let text = ([title] + lines).joined(separator: "\n") + "\n"
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))  // It fails when nobody reads it.
        try printRecord(record)
    }

    static func printRecord(_ record: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try FileHandle.standardOutput.write(contentsOf: encoder.encode(record) + Data("\n".utf8))
    }

    static func number(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// Durations given in microseconds, in one line.
    static func microseconds(_ values: [Double?]) -> String {
        values.map { $0.map { number($0, $0 < 100 ? 1 : 0) } ?? "–" }.joined(separator: " / ") + " µs"
    }
}

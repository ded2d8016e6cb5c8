internal import Foundation

/// What the program prints.
enum Output {
    /// Prints a line at once, also into a pipe.
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Prints a value as one line of JSON.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Prints what went wrong, as one line on standard error.
    static func error(_ text: String) {
        FileHandle.standardError.write(Data(("causeway: " + text + "\n").utf8))
    }
}

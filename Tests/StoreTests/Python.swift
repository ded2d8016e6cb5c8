internal import Foundation
internal import Testing

/// Changes a database from outside, by Python's own SQLite: what another program or version would do.
enum Python {
    /// Runs `body` while another process holds the database's write lock.
    static func lock(_ path: String, during body: () throws -> Void) throws {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()",
            path,
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()  // It ends at the end of its input; one that has ended needs none.
            process.waitUntilExit()
        }
        try #require(!output.fileHandleForReading.availableData.isEmpty)
        try body()
    }

    static func sqlite(_ path: String, _ script: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])", path, script,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

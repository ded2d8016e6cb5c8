internal import Foundation
internal import Testing

/// Changes a database from outside, by Python's own SQLite: what another program or version would do.
enum Python {
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

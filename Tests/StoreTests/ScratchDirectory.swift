internal import Foundation

/// A directory of its own for one test, gone at its end.
final class ScratchDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "causeway-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)  // What is left over is in the system's temporary directory.
    }

    var database: String { url.appending(path: "causeway.sqlite").path() }

    func path(_ name: String) -> String { url.appending(path: name).path() }
}

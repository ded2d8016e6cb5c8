import Foundation

/// The Swift files of the repository, as text.
struct SourceTree {
    struct File: Sendable, CustomTestStringConvertibleByPath {
        /// Relative to the repository, `Sources/Wire/Endpoint.swift`.
        let path: String
        let lines: [String]

        /// The target's folder name.
        var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

        /// Names of imported modules with the line they stand on.
        var imports: [(module: String, line: Int)] {
            lines.enumerated().compactMap { index, line in
                var words = line.split(separator: " ").map(String.init)
                guard let position = words.firstIndex(of: "import"),
                    words[..<position].allSatisfy({ $0.hasPrefix("@") || Self.accessLevels.contains($0) })
                else { return nil }
                words.removeFirst(position + 1)
                // `import struct Foundation.Date` names a kind first.
                let name = words.count > 1 && Self.kinds.contains(words[0]) ? words[1] : words.first
                guard let module = name?.split(separator: ".").first else { return nil }
                return (String(module), index + 1)
            }
        }

        private static let accessLevels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
        private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "typealias", "var", "let"]
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file under a folder of the repository, in order of its path.
    static func files(under folder: String) throws -> [File] {
        let start = root.appending(path: folder)
        guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else { return [] }
        return try walk.compactMap { $0 as? URL }
            .filter { $0.pathExtension == "swift" }
            .sorted { $0.path < $1.path }
            .map { url in
                File(
                    path: String(url.path.dropFirst(root.path.count)).trimmingPrefix("/").description,
                    lines: try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n"))
            }
    }
}

/// Shows a test argument by its path alone.
protocol CustomTestStringConvertibleByPath: CustomStringConvertible {
    var path: String { get }
}

extension CustomTestStringConvertibleByPath {
    var description: String { path }
}

internal import Configuration
internal import Foundation
internal import Yams

/// A YAML file whose every key is one of ours, with the line on which each stands.
struct ConfigurationFile {
    let path: String
    /// The line of each key, from 1.
    let lines: [String: Int]
    let snapshot: YAMLSnapshot

    /// Reads the file; an unreadable file, bad YAML or an unknown key is refused.
    init(path: String) throws(ConfigurationError) {
        self.path = path
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ConfigurationError(
                .file(path, line: nil), reason: "cannot be read", remedy: "check that it exists and who may read it")
        }
        let root = try Self.compose(text, path: path)
        var lines: [String: Int] = [:]
        try Self.collect(root, prefix: "", path: path, into: &lines)
        self.lines = lines
        do {
            // An empty file or one of comments only is an empty set of keys.
            snapshot = try YAMLSnapshot(
                data: Array((lines.isEmpty ? "{}" : text).utf8).span.bytes, providerName: path, parsingOptions: .default)
        } catch {
            throw ConfigurationError(
                .file(path, line: nil), reason: "\(error)", remedy: "compare it with Config/causeway-server.yaml")
        }
    }

    private static func compose(_ text: String, path: String) throws(ConfigurationError) -> Node {
        do {
            return try Yams.compose(yaml: text) ?? Node.mapping(Node.Mapping([]))
        } catch let error as YamlError {
            let line: Int? =
                switch error {
                case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
                default: nil
                }
            let reason = "\(error)".split(separator: "\n").first.map(String.init) ?? "bad YAML"
            throw ConfigurationError(.file(path, line: line), reason: reason, remedy: "correct the YAML")
        } catch {
            throw ConfigurationError(.file(path, line: nil), reason: "\(error)", remedy: "correct the YAML")
        }
    }

    /// Walks a section, notes the line of each setting and refuses what is none.
    private static func collect(
        _ section: Node, prefix: String, path: String, into lines: inout [String: Int]
    ) throws(ConfigurationError) {
        guard let mapping = section.mapping else {
            throw ConfigurationError(
                .file(path, line: section.mark?.line), reason: "is not a list of keys and values",
                remedy: "write KEY: VALUE lines")
        }
        for (node, value) in mapping {
            let name = prefix + (node.string ?? "?")
            let origin = ConfigurationError.Origin.file(path, line: node.mark?.line)
            let isSection = ConfigurationKey.all.contains { $0.name.hasPrefix(name + ".") }
            if isSection, value.scalar?.string.isEmpty ?? false { continue }
            if isSection, value.mapping == nil {
                throw ConfigurationError(
                    origin, key: name, reason: "is a section, not a value", remedy: "indent its keys below it")
            }
            if isSection {
                try collect(value, prefix: name + ".", path: path, into: &lines)
            } else if ConfigurationKey.all.contains(where: { $0.name == name }) {
                lines[name] = node.mark?.line
                if value.mapping != nil || value.sequence?.contains(where: { $0.scalar == nil }) ?? false {
                    throw ConfigurationError(
                        origin, key: name, reason: "holds keys where it takes values", remedy: "write \(name): VALUE")
                }
            } else {
                let names = ConfigurationKey.all.flatMap {
                    [$0.name, $0.name.split(separator: ".").first.map(String.init) ?? ""]
                }
                let meant = Spelling.nearest(to: name, in: Set(names)) ?? lastComponent(of: name)
                throw ConfigurationError(
                    origin, key: name, reason: "unknown key",
                    remedy: meant.map { "did you mean \($0)?" } ?? "Config/causeway-server.yaml lists all keys")
            }
        }
    }

    /// A key of the same last word in another section.
    private static func lastComponent(of name: String) -> String? {
        let word = name.split(separator: ".").last.map(String.init) ?? name
        return ConfigurationKey.all.first { $0.name.hasSuffix("." + word) || $0.name == word }?.name
    }
}

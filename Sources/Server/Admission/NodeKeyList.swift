internal import Foundation
internal import NIOConcurrencyHelpers
internal import Wire

/// The node keys of a file, one a line; `#` begins a comment.
final class NodeKeyList: Sendable {
    private let keys: NIOLockedValueBox<Set<NodeKey>>

    init(_ keys: Set<NodeKey>) {
        self.keys = NIOLockedValueBox(keys)
    }

    var count: Int { keys.withLockedValue { $0.count } }

    func contains(_ key: NodeKey) -> Bool {
        keys.withLockedValue { $0.contains(key) }
    }

    /// Puts other keys in the place of these, and answers those that are not among them.
    func replace(with fresh: Set<NodeKey>) -> Set<NodeKey> {
        keys.withLockedValue { keys in
            defer { keys = fresh }
            return keys.subtracting(fresh)
        }
    }

    /// The keys of a file, or what is wrong with it.
    static func read(_ file: String) throws(StartError) -> Set<NodeKey> {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw StartError(.data, "cannot read the list of node keys \(file); check --admission-list and who may read it")
        }
        var keys: Set<NodeKey> = []
        for (index, line) in text.components(separatedBy: .newlines).enumerated() {
            let entry = (line.components(separatedBy: "#").first ?? "").trimmingCharacters(in: .whitespaces)
            if entry.isEmpty { continue }
            guard let key = NodeKey(entry) else {
                throw StartError(.data, "\(file):\(index + 1): no node key; write nodekey: and 64 hexadecimal digits")
            }
            keys.insert(key)
        }
        return keys
    }
}

internal import FoundationEssentials

/// This machine's name, as a wish for the node's name.
enum HostName {
    /// The host name's first label in the letters that node names may have (`a` to `z`, digits, inner hyphens), or `node`.
    static var label: String { label(of: ProcessInfo.processInfo.hostName) }

    static func label(of hostname: String) -> String {
        var label = String(
            hostname.prefix { $0 != "." }.lowercased().map { character in
                character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
            }.prefix(63))
        while label.hasPrefix("-") { label.removeFirst() }
        while label.hasSuffix("-") { label.removeLast() }
        return label.isEmpty ? "node" : label
    }
}

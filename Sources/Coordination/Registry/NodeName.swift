/// The names of nodes and networks: DNS labels (RFC 1123 §2.1), in lower case.
enum NodeName {
    static let maximumByteCount = 63
    /// What a node is called that asks for no name.
    static let fallback = "node"

    /// The name in lower case, or nil for one that is no label.
    static func normalized(_ text: String) -> String? {
        guard (1...maximumByteCount).contains(text.utf8.count) else { return nil }
        let name = text.lowercased()
        guard name.utf8.count == text.utf8.count, name.utf8.allSatisfy(isLabelCharacter), !name.hasPrefix("-"),
            !name.hasSuffix("-")
        else { return nil }
        return name
    }

    /// `name` with a suffix of its own, cut so that both fit.
    static func suffixed(_ name: String, with suffix: String) -> String {
        var stem = name.prefix(maximumByteCount - suffix.utf8.count - 1)
        while stem.hasSuffix("-") { stem.removeLast() }
        return "\(stem)-\(suffix)"
    }

    private static func isLabelCharacter(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

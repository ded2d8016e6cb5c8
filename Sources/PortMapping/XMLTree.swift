/// An element of an XML document, as far as UPnP's documents need it: no attributes, no namespaces, no mixed content.
package struct XMLTree: Hashable, Sendable {
    /// The name without its namespace prefix.
    package let name: String
    /// The element's own text, without white space around it.
    package let text: String
    package let children: [XMLTree]

    package init(_ name: String, _ text: String = "", children: [XMLTree] = []) {
        self.name = String(name[(name.lastIndex(of: ":").map { name.index(after: $0) } ?? name.startIndex)...])
        self.text = text.trimmingBlanks
        self.children = children
    }

    /// The text of the first child of that name; cases do not matter, for devices differ.
    package func text(of name: String) -> String? {
        children.first { $0.isNamed(name) }?.text
    }

    /// The first element of that name, this one or one inside of it, in document order.
    package func first(named name: String) -> XMLTree? {
        if isNamed(name) { return self }
        for child in children {
            if let found = child.first(named: name) { return found }
        }
        return nil
    }

    /// Every element of that name, this one and those inside of it, in document order.
    package func all(named name: String) -> [XMLTree] {
        (isNamed(name) ? [self] : []) + children.flatMap { $0.all(named: name) }
    }

    private func isNamed(_ name: String) -> Bool {
        self.name.utf8.count == name.utf8.count && self.name.lowercased() == name.lowercased()
    }
}

extension StringProtocol {
    /// The text without white space at both ends.
    var trimmingBlanks: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else {
            return ""
        }
        return String(self[start...last])
    }
}

internal import Wire

/// Builds the tree from a parser's events, within limits: the parser belongs to the shell, the limits to us.
///
/// The shell first asks `isAcceptable`, then forwards the start of each element, its characters and its end, and stops the
/// parser at the first error.
package struct XMLTreeBuilder: Sendable {
    /// The limit that a document broke.
    package enum Failure: Error, Equatable {
        case tooDeep
        case tooManyElements
        case tooMuchText
        /// An end without a start, text or an element outside of the root, or no end.
        case unbalanced
    }

    /// Descriptions of gateways are 9 deep.
    package static let maximumDepth = 24
    /// Descriptions of gateways have 50 to 300 elements.
    package static let maximumElementCount = 4096
    /// All names and texts together, in bytes; below the limit of the fetch, and above it only by expanding entities.
    package static let maximumTextByteCount = 128 << 10

    private struct Open {
        let name: String
        var text = ""
        var children: [XMLTree] = []
    }

    private var stack: [Open] = []
    private var root: XMLTree?
    private var elementCount = 0
    private var textByteCount = 0

    package init() {}

    /// Whether a document may be given to a parser at all: UPnP has no use for document types, and so none for entities.
    ///
    /// Zero bytes would hide them in UTF-16.
    package static func isAcceptable(_ document: RawSpan) -> Bool {
        let bytes = document.copy()
        guard !bytes.contains(0) else { return false }
        var start = 0
        while let mark = bytes[start...].firstIndex(of: UInt8(ascii: "<")) {
            start = mark + 1
            guard start < bytes.count, bytes[start] == UInt8(ascii: "!") else { continue }
            guard document.matches(Array("<!--".utf8), at: mark) || document.matches(Array("<![CDATA[".utf8), at: mark) else {
                return false
            }
        }
        return true
    }

    /// An element begins, with its name as the parser gives it.
    package mutating func open(_ name: String) throws(Failure) {
        guard root == nil else { throw .unbalanced }
        guard stack.count < Self.maximumDepth else { throw .tooDeep }
        elementCount += 1
        guard elementCount <= Self.maximumElementCount else { throw .tooManyElements }
        try count(name)
        stack.append(Open(name: name))
    }

    /// Characters of the innermost element.
    package mutating func append(_ text: String) throws(Failure) {
        guard !stack.isEmpty else {
            guard text.trimmingBlanks.isEmpty else { throw .unbalanced }
            return
        }
        try count(text)
        stack[stack.count - 1].text += text
    }

    /// The innermost element ends.
    package mutating func close() throws(Failure) {
        guard let element = stack.popLast() else { throw .unbalanced }
        let tree = XMLTree(element.name, element.text, children: element.children)
        if stack.isEmpty {
            root = tree
        } else {
            stack[stack.count - 1].children.append(tree)
        }
    }

    /// The document's root element, once it has ended.
    package func finish() throws(Failure) -> XMLTree {
        guard let root else { throw .unbalanced }
        return root
    }

    private mutating func count(_ text: String) throws(Failure) {
        textByteCount += text.utf8.count
        guard textByteCount <= Self.maximumTextByteCount else { throw .tooMuchText }
    }
}

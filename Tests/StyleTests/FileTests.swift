import Testing

struct FileTests {
    /// A file is one noun; past this many lines it holds two.
    private static let maximumLineCount = 500

    /// Where raw memory and claims about threads may stand, each with its reason beside it.
    private static let unsafePlaces = ["Sources/TLS/", "Sources/Relay/", "Sources/Wire/ByteReader.swift"]

    @Test func noFileIsLongerThanItsLimit() throws {
        for file in try SourceTree.files(under: "Sources") + SourceTree.files(under: "Tests") {
            #expect(file.lines.count <= Self.maximumLineCount, "\(file.path) holds more than one noun: split it")
        }
    }

    @Test func sourcesHoldNoTrapsForPeers() throws {
        for file in try SourceTree.files(under: "Sources") {
            for (index, line) in file.lines.enumerated() where !line.trimmingCharactersOfComment.isEmpty {
                for trap in ["try!", "as!", "fatalError("] where line.contains(trap) {
                    Issue.record("\(file.path):\(index + 1) has \(trap): a peer's bytes never trap")
                }
            }
        }
    }

    @Test func claimsAboutThreadsStandOnlyWhereTheyAreAllowed() throws {
        for file in try SourceTree.files(under: "Sources")
        where !Self.unsafePlaces.contains(where: { file.path.hasPrefix($0) }) {
            for (index, line) in file.lines.enumerated() {
                for claim in ["@unchecked Sendable", "nonisolated(unsafe)"] where line.contains(claim) {
                    Issue.record("\(file.path):\(index + 1) has \(claim) outside of TLS, Relay and ByteReader")
                }
            }
        }
    }

    @Test func noTestIsSwitchedOff() throws {
        for file in try SourceTree.files(under: "Tests") where !file.path.hasPrefix("Tests/StyleTests/") {
            for (index, line) in file.lines.enumerated() {
                for switchOff in ["XCTSkip", ".disabled(", "#expect(true)", "withKnownIssue"] where line.contains(switchOff) {
                    Issue.record("\(file.path):\(index + 1) has \(switchOff): a test that cannot fail")
                }
            }
        }
    }
}

extension String {
    /// The line without the comment that ends it, without spaces around.
    fileprivate var trimmingCharactersOfComment: String {
        let code = firstRange(of: "//").map { self[..<$0.lowerBound] } ?? self[...]
        return code.trimmingPrefix(while: \.isWhitespace).description
    }
}

/// A failure that a person can do something about: one line that says what is wrong and what to do.
public struct NodeFailure: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure, which also decides a program's exit code.
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// Anything that has no kind of its own.
        case failed
        /// No answer in time.
        case timedOut
        /// No node runs with the given state directory.
        case notRunning
        /// The network has no node of that name or key.
        case noSuchPeer
        /// The server refused the join key, the proof or the token.
        case refused
        /// The server cannot be reached or is not the one that the join line names.
        case unreachable
        /// An answer came in time, but never on a direct path.
        case notDirect
        /// An argument makes no sense.
        case invalidArgument
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }

    /// The exit code of a program that ends for this reason.
    public var exitCode: Int32 {
        switch kind {
        case .failed: 1
        case .timedOut: 2
        case .notRunning: 3
        case .noSuchPeer: 4
        case .refused: 5
        case .unreachable: 6
        case .notDirect: 7
        case .invalidArgument: 64
        }
    }
}

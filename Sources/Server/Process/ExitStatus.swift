/// Exit codes of `causeway-server`.
package enum ExitStatus: Int32, Sendable {
    case success = 0
    /// Something went wrong that is not named below.
    case failure = 1
    /// Flags, environment or file are wrong (also `64`, for flags that do not parse).
    case configuration = 2
    /// A file or directory cannot be used: data directory, database, certificate, key.
    case data = 3
    /// An address cannot be bound.
    case address = 4
    /// No server runs on the data directory.
    case notRunning = 5
    /// The running server refused the request.
    case refused = 6
}

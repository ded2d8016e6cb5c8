package import Wire

/// Why a client gives up a DERP connection.
package enum ClientError: Error, Hashable, Sendable {
    /// The server did not finish the login in time.
    case loginTimeout
    /// Nothing came from the server for two keep-alive intervals.
    case silentServer
    /// The first frame was no `serverKey` of a sensible size with the right magic: not a DERP server.
    case badGreeting
    /// The server's key is not the one that was expected.
    case wrongServerKey(NodeKey)
    /// The server's key has low order: no secret can be shared with it.
    case lowOrderServerKey
    /// The `serverInfo` does not open: the server does not own the key it named.
    case unprovenServerKey
    /// The JSON of the `serverInfo` is malformed or of wrong types.
    case badServerInfo
    /// A frame announced so many payload bytes.
    case frameTooLong(Int)
}

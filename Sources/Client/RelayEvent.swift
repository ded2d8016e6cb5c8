internal import DERP
internal import Wire

/// What a relay connection reports to its owner.
enum RelayEvent: Sendable {
    /// The relay took the login and proved its key.
    case ready
    case packet(from: NodeKey, [UInt8])
    case peerGone(NodeKey, PeerGoneReason)
    /// The relay's complaint about this connection, or nil when all is well again.
    case health(String?)
    /// The relay is about to restart: come back after that time.
    case restarting(reconnectIn: Duration)
    /// The round-trip time of a ping.
    case latency(Duration)
    /// Why the connection is being closed.
    case failed(RelayFailure)
}

/// Why a relay connection was given up.
enum RelayFailure: Error, Sendable {
    case login(ClientError)
    /// The server answered the upgrade with another status.
    case upgradeRefused(status: Int)
    /// The answer to the upgrade is no HTTP.
    case noHTTP
    /// A ping was not answered in time.
    case silent
}

extension RelayFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .login(let error): "the relay does not take the login (\(error))"
        case .upgradeRefused(let status): "the relay's address answers with status \(status): is its relay switched on?"
        case .noHTTP: "the relay's address does not answer as a relay"
        case .silent: "the relay does not answer any more"
        }
    }
}

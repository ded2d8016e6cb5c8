package import Wire

/// A direct way to a peer: one of our sockets and one of the peer's endpoints (a candidate pair of RFC 8445).
package struct DirectPath: Hashable, Sendable {
    package var socket: SocketID
    package var endpoint: Endpoint

    package init(socket: SocketID, endpoint: Endpoint) {
        self.socket = socket
        self.endpoint = endpoint
    }
}

/// How a packet from a peer reached us.
package enum Origin: Hashable, Sendable {
    /// By the relay, which vouches for the sender's node key.
    case relay
    /// By UDP, from the path's endpoint to the path's socket.
    case direct(DirectPath)
}

/// Where to send one packet of user data.
package enum Route: Hashable, Sendable {
    case relay
    case direct(DirectPath)
    /// On both: the direct path is in doubt. The receiver's replay window removes the duplicate.
    case both(DirectPath)
}

/// The way that packets to a peer take, for people and programs that ask.
package enum Path: Hashable, Sendable {
    /// Through the relay, with the round-trip time of the last probe by that way.
    case relay(latency: Duration?)
    /// Directly, with the smoothed round-trip time. In doubt: the relay carries a copy until a probe is answered.
    case direct(DirectPath, latency: Duration, isInDoubt: Bool)

    package var isDirect: Bool {
        switch self {
        case .relay: false
        case .direct: true
        }
    }

    package var latency: Duration? {
        switch self {
        case .relay(let latency): latency
        case .direct(_, let latency, _): latency
        }
    }
}

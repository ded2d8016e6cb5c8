/// What a node knows of itself, its relay and its peers at one moment.
public struct NodeStatus: Codable, Hashable, Sendable {
    /// The node's name in its network.
    public var name: String
    public var network: String
    public var nodeKey: String
    /// The server's address.
    public var server: String
    public var relay: RelayStatus
    /// Whether the stream of peers from the coordination server is open.
    public var isCoordinated: Bool
    /// What is wrong with that stream or with what it tells, in one sentence; nil when nothing is.
    public var coordinationProblem: String?
    /// Where peers may reach this node.
    public var candidates: [CandidateStatus]
    /// The IPv4 gateway, as far as it was asked for a port mapping.
    public var gateway: GatewayStatus?
    /// The IPv6 gateway, whose firewall may be asked to let packets in.
    public var gatewayIPv6: GatewayStatus?
    /// Ports that peers may reach, as `udp/PORT=ADDRESS:PORT`.
    public var allowed: [String]
    /// The peers of the network by name.
    public var peers: [PeerStatus]
}

/// The state of the connection to the relay.
public struct RelayStatus: Codable, Hashable, Sendable {
    public var isConnected: Bool
    /// The relay's own complaint about this connection; nil when it has none.
    public var health: String?
    /// The round-trip time of the last relay ping.
    public var latencyMilliseconds: Double?
    /// How many times the link was lost.
    public var disconnects: Int
    /// Packets that did not fit the queue while the relay did not take them.
    public var droppedPackets: Int
    /// Why there is no link, in one sentence; nil while there is one.
    public var problem: String?
}

/// One of a node's own candidates.
public struct CandidateStatus: Codable, Hashable, Sendable {
    /// The kind in the words of RFC 8445: `host`, `server-reflexive`, …
    public var kind: String
    /// `ADDRESS:PORT`.
    public var endpoint: String
}

/// What a node knows of one peer.
public struct PeerStatus: Codable, Hashable, Sendable {
    public var name: String
    public var nodeKey: String
    /// `relay`, `direct` or, when nothing was said yet, `idle`.
    public var path: String
    /// The peer's `ADDRESS:PORT` on a direct path.
    public var endpoint: String?
    public var latencyMilliseconds: Double?
    /// User data in bytes, without the overhead of encryption and probes.
    public var sentBytes: UInt64
    public var receivedBytes: UInt64
    /// Seconds since something authentic came from the peer; nil for never.
    public var secondsSinceHeard: Double?
    /// In one sentence: why the path is what it is.
    public var why: String?
    /// The same as a stable word for programs.
    public var reason: String?
    /// How far the search for ports is; nil when none runs.
    public var portSearch: PortSearchStatus?
}

/// How far an attempt to guess the ports of NATs is.
public struct PortSearchStatus: Codable, Hashable, Sendable {
    /// Datagrams sent so far, and at most.
    public var packetsSent: Int
    public var packetsAtMost: Int
    /// The probability that such an attempt has found a path by now, from 0 to 1, as the arithmetic has it; nil where it cannot say.
    public var odds: Double?
}

/// The answer to one echo request.
public struct PingReply: Codable, Hashable, Sendable {
    public var peer: String
    public var sequence: UInt64
    /// `relay` or `direct`: the way that the answer came.
    public var path: String
    /// The peer's `ADDRESS:PORT` when the answer came directly.
    public var endpoint: String?
    public var milliseconds: Double

    /// Whether the answer came on a direct path.
    public var isDirect: Bool { path == "direct" }
}

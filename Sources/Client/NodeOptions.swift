/// How a node runs.
public struct NodeOptions: Sendable {
    /// The folder that holds the node's state.
    public var state: StateDirectory
    /// The line that admits the node to a network; not needed once it has joined.
    public var joinLine: String?
    /// The wish for a name; nil takes the one it has, or the host's.
    public var name: String?
    /// What peers may reach through this node.
    public var allowed: [AllowedPort]
    /// Whether loopback addresses are offered and probed: for several nodes on one machine under development.
    public var allowsLoopback: Bool
    /// Whether the gateway is asked for a port mapping.
    public var mapsPorts: Bool
    /// The UDP port for direct traffic, for a forward that somebody made by hand; 0 takes a free one.
    public var port: UInt16
    /// Where else peers may reach this node, as `ADDRESS:PORT`: what the owner knows of forwards and fixed addresses.
    public var endpoints: [String]
    /// Whether ports are searched where both NATs hand them out at random: many packets, for half an hour, and a small chance.
    public var searchesPorts: Bool

    public init(
        state: StateDirectory, joinLine: String? = nil, name: String? = nil, allowed: [AllowedPort] = [],
        allowsLoopback: Bool = false, mapsPorts: Bool = true, port: UInt16 = 0, endpoints: [String] = [],
        searchesPorts: Bool = false
    ) {
        self.state = state
        self.joinLine = joinLine
        self.name = name
        self.allowed = allowed
        self.allowsLoopback = allowsLoopback
        self.mapsPorts = mapsPorts
        self.port = port
        self.endpoints = endpoints
        self.searchesPorts = searchesPorts
    }
}

internal import Coordination
internal import Disco
internal import PortMapping
internal import STUN
internal import Traversal
internal import Wire

/// The node's own UDP side: its sockets, and the machine that knows how the world sees them.
struct DirectSide {
    var agent: LocalAgent
    let configuration: PathAgent.Configuration
    var sockets: [SocketID: DirectSocket] = [:]
    /// Sockets that were opened to guess ports, each for one peer.
    var extraSockets: [SocketID: DirectSocket] = [:]
    /// Which attempts to guess ports are made.
    var allowance = BirthdayAllowance()
    /// What is sent to addresses that have not answered.
    var probes = ProbeAllowance(at: .now)
    let buffer = ReceiveBuffer()
    private var nextID: UInt16 = 0
    /// The machine's interfaces when they were last looked at; nil before the first time.
    var interfaces: [NetworkInterface]?
    /// The default routes at that time.
    var routes: Set<DefaultRoute> = []
    /// Whether no UDP answer came back in the last look.
    var isBlocked = false
    /// Where the owner says that peers may reach us.
    var configured: [Endpoint] = []
    /// What is known of the gateways of both families.
    var gateways: [IPAddress.Family: GatewayReport] = [:]
    /// Whose disco key it is.
    var discoKeys: [DiscoKey: NodeKey] = [:]
    /// Whose session the receiver index of a packet belonged to when it was last looked for.
    private var owners: [UInt32: NodeKey] = [:]
    /// Where STUN answers: what the server named, and the address that it was reached by.
    var servers: [Endpoint] = []
    /// How the IPv4 Internet is reached without IPv4.
    var nat64: NAT64Prefix?
    /// Handshakes from unknown paths that may be opened.
    var initiations = TokenBucket(rate: 100, burst: 200, at: .now)
    var random = SystemRandomNumberGenerator()

    init(allowsLoopback: Bool, searchesPorts: Bool) {
        configuration = PathAgent.Configuration(allowsLoopback: allowsLoopback, isExhaustive: searchesPorts)
        agent = LocalAgent(configuration: configuration, at: .now)
    }

    /// A number for another socket.
    mutating func makeID() -> SocketID {
        repeat { nextID &+= 1 } while socket(SocketID(nextID)) != nil
        return SocketID(nextID)
    }

    func socket(_ id: SocketID) -> DirectSocket? { sockets[id] ?? extraSockets[id] }

    mutating func closeExtraSockets(_ ids: some Sequence<SocketID>) {
        for id in ids { extraSockets.removeValue(forKey: id)?.close() }
    }

    /// The address that servers see us at over IPv4.
    var mappedAddress: IPAddress? {
        agent.description.candidates.first { $0.kind == .serverReflexive && $0.endpoint.address.isIPv4 }?.endpoint.address
    }

    /// Indexes remembered. When there are more, all are forgotten and looked for again.
    private static let maximumOwners = 1024

    /// The session that a packet is addressed to by its receiver index; a guess that fails costs a look at every peer.
    mutating func owner(of index: UInt32, among peers: [NodeKey: PeerSession]) -> PeerSession? {
        if let key = owners[index], let session = peers[key], session.isAddressed(by: index) { return session }
        guard let session = peers.values.first(where: { $0.isAddressed(by: index) }) else { return nil }
        if owners.count >= Self.maximumOwners { owners.removeAll(keepingCapacity: true) }
        owners[index] = session.peer.nodeKey
        return session
    }

    /// The STUN servers, those included that only a NAT64 leads to.
    var reachableServers: [Endpoint] { servers + servers.compactMap { nat64?.synthesize($0) } }

    /// Takes a STUN message.
    mutating func receive(_ bytes: RawSpan, over path: DirectPath, at now: Instant, effects: inout [LocalAgent.Effect]) {
        agent.receive(bytes, from: path.endpoint, over: path.socket, at: now, using: &random, effects: &effects)
    }

    /// Does what is due.
    mutating func deadlineReached(at now: Instant, effects: inout [LocalAgent.Effect]) {
        agent.deadlineReached(at: now, using: &random, effects: &effects)
    }

    /// The kind of a datagram, by its first bytes alone.
    enum Datagram {
        case stun
        case disco
        case session
    }

    static func classify(_ bytes: RawSpan) -> Datagram {
        if Packet.looksLikeDisco(bytes) { return .disco }
        return STUN.Message.looksLikeSTUN(bytes) ? .stun : .session
    }
}

/// A socket that the node wants to have, but for its port.
struct WantedSocket: Hashable {
    /// Uplinks with sockets of their own, at most: more are hardly ever there, and each costs probes.
    private static let maximumUplinks = 4

    let family: IPAddress.Family
    /// The interface that it is bound to; nil follows the routing table.
    var interfaceIndex: UInt32?
    /// A fresh port, to find out how the NAT filters.
    var isForTests = false

    /// A socket for traffic and one for tests per family, which follow the default route, and for every other uplink one per family
    /// that it has addresses of: each uplink's NAT is probed on its own.
    static func all(for interfaces: [NetworkInterface], routes: Set<DefaultRoute>) -> [WantedSocket] {
        var wanted: [WantedSocket] = []
        for family in [IPAddress.Family.ipv4, .ipv6] {
            wanted.append(WantedSocket(family: family))
            wanted.append(WantedSocket(family: family, isForTests: true))
        }
        for family in [IPAddress.Family.ipv4, .ipv6] {
            guard let primary = routes.interface(of: family) else { continue }
            let others = interfaces.filter { interface in
                interface.role == .uplink && interface.name != primary
                    && interface.addresses.contains { $0.family == family && !$0.isLinkLocal }
            }
            wanted += others.prefix(maximumUplinks).map { WantedSocket(family: family, interfaceIndex: $0.index) }
        }
        return wanted
    }

    init(family: IPAddress.Family, interfaceIndex: UInt32? = nil, isForTests: Bool = false) {
        self.family = family
        self.interfaceIndex = interfaceIndex
        self.isForTests = isForTests
    }

    init(_ socket: LocalSocket) {
        self.init(family: socket.family, interfaceIndex: socket.interfaceIndex, isForTests: socket.isForTests)
    }
}

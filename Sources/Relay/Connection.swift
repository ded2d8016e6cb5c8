internal import DERP
internal import TLS
internal import Wire

/// One client's connection: plain state that its shard's thread alone touches, in memory of its own.
///
/// The shard reaches it through `UnsafeMutablePointer<Connection>`, so that no access pays for reference counts or exclusivity checks.
struct Connection: ~Copyable {
    /// What the bytes of frames are wrapped in, inside out.
    enum Framing: Sendable {
        case stream
        case webSocket(WebSocketDecoder)
    }

    /// How far the connection has come.
    enum Phase {
        /// The client has not said who it is.
        case login
        /// The admission decision is awaited; frames stay unread.
        case admission
        /// Packets come and go.
        case ready
        /// The last bytes are written; what comes is read and thrown away until the client closes.
        case lingering
        /// Gone: the memory lives until the end of the round.
        case closed
    }

    /// Something that is tried again after ever longer rests.
    struct Attempts {
        private static let rest = Duration.seconds(1)
        private static let maximumDoublings: Int32 = 6

        private var count: Int32 = 0
        private var restsUntil = Instant.zero

        mutating func begin(at now: Instant) {
            restsUntil = now + Self.rest * Double(1 << min(count, Self.maximumDoublings))
            count &+= 1
        }

        func mayBegin(at now: Instant) -> Bool { now >= restsUntil }
    }

    /// A route that was looked up before.
    struct RememberedRoute {
        var key: RouteKey
        var id: ConnectionID
        var network: UInt32
        /// The routing table's version that it is from; 0 when nothing is remembered.
        var version: UInt64
    }

    /// Another one after the connection has moved to another shard.
    var id: ConnectionID
    let descriptor: OwnedDescriptor
    let session: TLSSession?
    var framing: Framing
    let source: Endpoint
    let isNotIdeal: Bool
    let openedAt: Instant

    var phase = Phase.login
    var machine: ServerConnection
    /// Known from `admission` on.
    var login: ServerConnection.Login?
    var routeKey: RouteKey
    var network: UInt32 = 0
    var isHome = false
    var isWatcher = false
    /// Whether the key has other connections, and whether this one takes its packets.
    var isDuplicate = false
    var isActive = false
    /// Whether the client was told that its key has other connections.
    var isToldOfDuplicate = false
    /// How often this connection may take the packets over from another of its key.
    var takeovers: TokenBucket

    // Reading.
    /// Whether the socket may have bytes, as far as known (epoll reports changes only).
    var isReadable = true
    var isInReadList = false
    /// Whether the peer has closed or the connection failed: read to the end whatever a short read seems to say.
    var isEnding = false
    /// The beginning of a frame whose rest has not come.
    var input = PooledBytes()
    /// Bytes of an unknown frame still to be passed over.
    var skipCount = 0
    var remembered: RememberedRoute
    /// The shard the last packet to another shard went to; −1 before the first.
    var lastShard = -1
    /// The ends of the last two reads in the ring to that shard. No more than two are on their way, so that a queue can take them.
    var ringMark = 0
    var previousRingMark = 0
    var rate: RateAllowance?
    /// Nothing is read before this instant, since the client has used up its rate.
    var rateLimitedUntil: Instant?

    // Back-pressure.
    /// The destination that asked this source to pause, and the one that asked and then did not move at all.
    var congestedBy = ConnectionID.none
    var stalledBy = ConnectionID.none
    /// Bytes of the read in work.
    var batchBytes = 0
    /// Where most of the recent bytes went to, and where those for this client came from.
    var sentTo = MajorityVote()
    var receivedFrom = MajorityVote()
    /// What went to other shards since an instant.
    var remoteBytes: Int32 = 0
    var remoteSince: Instant
    /// How often this connection has moved and has asked for a move, and until when it does neither again.
    var moves = Attempts()
    var questions = Attempts()
    /// Nothing is read before this instant, or before the destination asks for more.
    var congestedUntil: Instant?

    // Writing.
    /// What goes out in front of everything else and as it is: the HTTP reply, WebSocket control frames.
    var replies = PooledBytes()
    var queue = SendQueue()
    /// Bytes that the socket did not take: they are encrypted and can no longer be dropped.
    var unsent = PooledBytes()
    var isBlocked = false
    /// Whether the connection ended so that what waits cannot be written.
    var hasFailed = false
    var isTouched = false
    /// When the socket last took something, while there is more for it.
    var waitingSince: Instant?
    /// Sources that were asked to pause because of this connection.
    var pausedSources: [ConnectionID] = []
    /// Sources whose packets are known to have come here, each at a place that its number gives.
    var heardSources = InlineArray<4, ConnectionID>(repeating: .none)
    /// The keys of all sources whose packets came here: the shard tells this client when one of them goes.
    var heardKeys: Set<RouteKey> = []

    // Deadlines.
    var loginDeadline: Instant?
    /// Held until the client has logged in.
    var loginPlace: LoginPlace?
    var keepAliveInterval: Duration
    var keepAliveDue: Instant

    // Counts for operators.
    var packetsReceived: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var packetsSent: UInt64 = 0
    var bytesSent: UInt64 = 0
    var packetsDropped: UInt64 = 0

    init(
        id: ConnectionID, descriptor: consuming OwnedDescriptor, adoption: Adoption, machine: ServerConnection,
        loginDeadline: Instant, keepAliveInterval: Duration, at now: Instant
    ) {
        self.id = id
        self.descriptor = descriptor
        session = if case .tls(let session) = adoption.transport { session } else { nil }
        framing = adoption.framing == .webSocket ? .webSocket(WebSocketDecoder()) : .stream
        source = adoption.source
        isNotIdeal = adoption.isNotIdeal
        loginPlace = adoption.loginPlace
        openedAt = now
        self.machine = machine
        routeKey = .zero
        remembered = RememberedRoute(key: .zero, id: .none, network: 0, version: 0)
        takeovers = TokenBucket(rate: Self.takeoverRate, burst: Self.takeoverBurst, at: now)
        remoteSince = now
        self.loginDeadline = loginDeadline
        self.keepAliveInterval = keepAliveInterval
        keepAliveDue = .zero
        keepAliveSent(at: now)
    }

    /// Connections whose keep-alives are due in the same quarter of a second get them in one round: waking up for each of them would cost
    /// more than the sending does.
    private static let keepAliveGrid: Int64 = 250_000_000

    /// Sets when the next keep-alive is due.
    mutating func keepAliveSent(at now: Instant) {
        let due = (now + keepAliveInterval).nanoseconds
        keepAliveDue = Instant(nanoseconds: (due / Self.keepAliveGrid + 1) * Self.keepAliveGrid)
    }

    /// Two clients with one key that both send would otherwise move the route with every packet, on every shard.
    private static let takeoverRate = 4.0
    private static let takeoverBurst = 16.0

    /// Forgets what concerns the shard that the connection leaves.
    mutating func forgetShard(at now: Instant) {
        isInReadList = false
        remembered.version = 0
        lastShard = -1
        congestedBy = .none
        stalledBy = .none
        congestedUntil = nil
        remoteBytes = 0
        remoteSince = now
    }

    /// Whether bytes may be read now.
    var mayRead: Bool {
        switch phase {
        case .login, .ready: congestedUntil == nil && rateLimitedUntil == nil
        case .lingering: true
        case .admission, .closed: false
        }
    }

    /// Whether nothing waits to be written.
    var isFlushed: Bool { unsent.isEmpty && replies.isEmpty && queue.isEmpty }

    var isMeshPeer: Bool { login?.isMeshPeer ?? false }

    var isWebSocket: Bool {
        switch framing {
        case .stream: false
        case .webSocket: true
        }
    }

    /// What other relays are told of this client.
    var presence: PresenceFlags {
        let flags = login?.presence ?? .regular
        return isNotIdeal ? flags.union(.notIdeal) : flags
    }

    /// The earliest of the connection's deadlines.
    func nextDeadline(writeTimeout: Duration) -> Instant {
        var deadline = keepAliveDue
        if let loginDeadline { deadline = min(deadline, loginDeadline) }
        if let congestedUntil { deadline = min(deadline, congestedUntil) }
        if let rateLimitedUntil { deadline = min(deadline, rateLimitedUntil) }
        if let waitingSince { deadline = min(deadline, waitingSince + writeTimeout) }
        return deadline
    }
}

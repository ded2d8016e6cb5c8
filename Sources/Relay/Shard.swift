internal import CLinux
internal import CryptoBox
internal import DERP
internal import Glibc
internal import Logging
internal import TLS
internal import Wire

/// One thread's share of the relay: its connections, its epoll set, its copy of the routes.
///
/// The value lives on the stack of its thread and never leaves it. One round of its life:
///
/// 1. wait for events, unless something is still to do;
/// 2. take packets and messages from the other shards;
/// 3. read from each connection that has bytes, once: parse its frames where they lie, rewrite them there, and append each to the queue
///    of its destination or to the ring of the destination's shard;
/// 4. act on deadlines;
/// 5. write to each connection that got something: one TLS record per 16 KiB, one system call.
struct Shard: ~Copyable {
    typealias ConnectionPointer = UnsafeMutablePointer<Connection>

    /// What one read takes from a socket at most: the bytes of a few TLS records, small enough to stay in the processor's cache and to
    /// fit a destination's queue.
    static let readCount = 64 << 10
    /// The beginning of a frame that is kept between two reads is put in front of the next bytes if it is no longer than this.
    static let headroom = 4 << 10
    /// Events taken by one system call.
    private static let eventCount = 256
    /// The longest sleep: nothing depends on it.
    private static let longestSleep = Duration.seconds(60)

    let index: Int
    let configuration: RelayConfiguration
    let identity: ServerConnection.Identity
    let admission: any RelayAdmission
    let fabric: Fabric
    let mailbox: Mailbox
    let logger: Logger

    let epoll: OwnedDescriptor
    private let events: UnsafeMutablePointer<epoll_event>
    let ringsOut: [PacketRing?]
    /// The same rings without reference counting, for the packet path; the fabric keeps them alive.
    let packetRings: [Unmanaged<PacketRing>?]
    let ringsIn: [PacketRing?]
    let port = TLSPort()
    /// What a socket read brings when it is encrypted.
    let ciphertext: UnsafeMutableRawBufferPointer
    /// Headroom, then the plaintext of one read.
    let plaintext: UnsafeMutableRawBufferPointer
    /// What is written to a connection without TLS, and the heads of WebSocket messages.
    let clearOutput: UnsafeMutableRawBufferPointer
    var clearOutputCount = 0

    var limits: RelayLimits
    var random = SystemRandomNumberGenerator()
    var pool = BufferPool()
    var table: RoutingTable
    var timers = TimerHeap()
    var writer = ByteWriter(reservingCapacity: 1024)
    var counters = RelayCounters()
    var stun: STUNService?
    /// The time at the beginning of the round.
    var now: Instant

    var connections: [ConnectionPointer?] = []
    private var generations: [UInt32] = []
    private var freeSlots: [Int] = []
    /// Connections that may have bytes to read.
    var readList: [ConnectionID] = []
    var reading: [ConnectionID] = []
    /// Those of them whose packets have no room on their way to another shard.
    var passedOver: [ConnectionID] = []
    /// Connections that got something to write in this round, and those that got so much that it should go before the next read.
    var touched: [ConnectionPointer] = []
    var bulky: [ConnectionPointer] = []
    /// Connections that were called to another shard, each by whom; and where those went that left in the last seconds.
    var leaving: [(connection: ConnectionID, partner: ConnectionID)] = []
    var departures: [ConnectionID: (shard: Int, at: Instant)] = [:]
    /// What connections are called here that came in the last seconds.
    var arrivals: [ConnectionID: (id: ConnectionID, at: Instant)] = [:]
    var picture: LoadPicture
    var cuts = RecentCuts()
    /// Connections whose memory is given back at the end of the round.
    var graveyard: [ConnectionPointer] = []
    /// Other relays that watch who is connected.
    var watchers: [ConnectionID] = []
    /// For each peer's key: the connections here that received packets from it.
    var heard: [RouteKey: Set<ConnectionID>] = [:]
    var messages: [ShardMessage] = []
    /// Whether reading waits for room in the rings only.
    var isStarved = false
    /// Whether no connection is taken any more, and until when those that are left may write what waits for them.
    var isDraining = false
    var drain: (deadline: Instant, countdown: DrainCountdown)?
    var isStopped = false

    /// A shard whose epoll set, `epoll`, watches the bell of its mailbox already.
    init(
        index: Int, epoll: consuming OwnedDescriptor, configuration: RelayConfiguration, serverKey: NodePrivateKey,
        admission: any RelayAdmission, fabric: Fabric
    ) {
        self.epoll = epoll
        mailbox = fabric.mailboxes[index]
        self.index = index
        self.configuration = configuration
        self.admission = admission
        self.fabric = fabric
        identity = ServerConnection.Identity(serverKey: serverKey, meshKey: configuration.meshKey)
        logger = configuration.logger
        limits = configuration.limits
        ringsOut = fabric.rings(from: index)
        packetRings = ringsOut.map { $0.map { Unmanaged.passUnretained($0) } }
        ringsIn = fabric.rings(to: index)
        events = .allocate(capacity: Self.eventCount)
        ciphertext = .allocate(byteCount: Self.readCount, alignment: 64)
        plaintext = .allocate(
            byteCount: Self.headroom + TLSSession.plaintextCapacity(forCiphertext: Self.readCount), alignment: 64)
        clearOutput = .allocate(byteCount: 256 << 10, alignment: 64)
        table = RoutingTable(using: &random)
        now = Self.clock()
        picture = LoadPicture(fabric.gauges, at: now)
    }

    deinit {
        events.deallocate()
        ciphertext.deallocate()
        plaintext.deallocate()
        clearOutput.deallocate()
    }

    /// The machine's monotonic clock.
    static func clock() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The round's time in microseconds, cut off: enough to measure how long a packet waits.
    var microseconds: UInt32 { UInt32(truncatingIfNeeded: now.nanoseconds / 1000) }

    // MARK: - Rounds

    /// Works until it is told to stop, then closes all connections.
    mutating func run() {
        while !isStopped { round() }
        for slot in connections.indices {
            if let connection = connections[slot] { close(connection, .shuttingDown) }
        }
        bury()
        finishDrain()
        publish()
        mailbox.close(into: &messages)
        refuseMessages()
    }

    private mutating func round() {
        let count = wait()
        now = Self.clock()
        counters.wakeUps &+= 1
        for index in 0..<count { handle(events[index]) }
        receive()
        readConnections()
        publish()
        checkDeadlines()
        flushTouched()
        sendAway()
        publish()
        bury()
        finishDrain()
    }

    private mutating func wait() -> Int {
        var milliseconds = timeout()
        if milliseconds != 0 {
            mailbox.fallAsleep()
            if hasMail {
                milliseconds = 0
            }
        }
        let count = epoll_wait(epoll.number, events, Int32(Self.eventCount), milliseconds)
        mailbox.wakeUp()
        return max(0, Int(count))
    }

    private var hasMail: Bool {
        if !mailbox.isEmpty { return true }
        for ring in ringsIn {
            if let ring, !ring.isEmpty { return true }
        }
        return false
    }

    private func timeout() -> Int32 {
        if !readList.isEmpty { return isStarved ? 1 : 0 }
        var sleep = Self.longestSleep
        if let earliest = timers.earliest { sleep = min(sleep, earliest - Self.clock()) }
        if let drain { sleep = min(sleep, drain.deadline - Self.clock()) }
        // Rounded up: waking before a deadline would mean waking twice.
        return Int32(max(0, (sleep.nanoseconds + 999_999) / 1_000_000))
    }

    private mutating func handle(_ event: epoll_event) {
        let id = ConnectionID(rawValue: event.data.u64)
        guard id.generation != 0 else {
            if id.slot == 0 { mailbox.silenceBell() } else { stun?.serve(id.slot - 1, at: now) }
            return
        }
        guard let connection = find(id), connection.pointee.phase != .closed else { return }
        if event.events & (causeway_failed | causeway_peer_closed) != 0 { connection.pointee.isEnding = true }
        if event.events & causeway_failed != 0, connection.pointee.phase == .admission {
            close(connection, .closedByClient)
            return
        }
        if event.events & (causeway_readable | causeway_failed | causeway_peer_closed) != 0 {
            connection.pointee.isReadable = true
            wantRead(connection)
        }
        if event.events & causeway_writable != 0, connection.pointee.isBlocked {
            connection.pointee.isBlocked = false
            touch(connection)
        }
    }

    // MARK: - Slots

    /// The connection of that identity, if it is still here.
    func find(_ id: ConnectionID) -> ConnectionPointer? {
        let slot = id.slot
        guard slot < connections.count, let connection = connections[slot], connection.pointee.id == id else { return nil }
        return connection
    }

    /// The identity that the next connection gets; nil when there are too many.
    mutating func takeSlot() -> ConnectionID? {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            guard connections.count < ConnectionID.maximumSlotCount - 1 else { return nil }
            slot = connections.count
            connections.append(nil)
            generations.append(0)
        }
        generations[slot] = max(1, generations[slot] &+ 1)
        return ConnectionID(shard: index, slot: slot, generation: generations[slot])
    }

    mutating func giveSlot(_ id: ConnectionID) {
        connections[id.slot] = nil
        freeSlots.append(id.slot)
    }

    /// Notes that something is to be written to a connection at the end of the round.
    mutating func touch(_ connection: ConnectionPointer) {
        guard !connection.pointee.isTouched else { return }
        connection.pointee.isTouched = true
        touched.append(connection)
    }

    /// Notes that a connection is to be read, if it may have bytes and may be read.
    mutating func wantRead(_ connection: ConnectionPointer) {
        guard connection.pointee.isReadable, !connection.pointee.isInReadList, connection.pointee.mayRead else { return }
        connection.pointee.isInReadList = true
        readList.append(connection.pointee.id)
    }

    /// Sets the connection's timer if its next deadline is earlier than what is set. A later one is found out when the timer fires.
    mutating func schedule(_ connection: ConnectionPointer) {
        let deadline = connection.pointee.nextDeadline(writeTimeout: configuration.writeTimeout)
        let slot = connection.pointee.id.slot
        if let set = timers.deadline(of: slot), set <= deadline { return }
        timers.set(slot, to: deadline)
    }
}

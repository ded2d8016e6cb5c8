internal import CLinux
package import CryptoBox
package import DERP
internal import Glibc
internal import Logging
package import STUN
internal import Synchronization
package import Wire

/// Why the datapath could not do what it was told.
package enum DatapathError: Error, Equatable {
    /// The kernel refused a thread, an epoll set, an eventfd or a socket option: `errno`.
    case system(Int32)
    /// A UDP address could not be bound: `errno`.
    case cannotBind(Endpoint, Int32)
    case notRunning
}

/// The relay's packet mover: a number of shards, each a thread of its own, behind one interface for the server.
///
/// All calls may come from any thread; none waits for packets.
package final class Datapath: Sendable {
    private enum State {
        case ready
        case running([ShardThread])
        case stopped
    }

    private let configuration: RelayConfiguration
    private let serverKey: NodePrivateKey
    private let admission: any RelayAdmission
    private let fabric: Fabric
    private let state = Lock(State.ready)
    private let nextShard = Atomic<Int>(0)

    /// Prepares a relay with the key that clients check; `start()` sets it going.
    package init(
        configuration: RelayConfiguration, serverKey: NodePrivateKey, admission: any RelayAdmission
    ) throws(DatapathError) {
        guard let fabric = Fabric(shardCount: configuration.shardCount) else { throw .system(errno) }
        self.configuration = configuration
        self.serverKey = serverKey
        self.admission = admission
        self.fabric = fabric
    }

    deinit {
        stop()
    }

    /// Starts the shards' threads.
    package func start() throws(DatapathError) {
        let failure = state.withLock { state -> DatapathError? in
            guard case .ready = state else { return .notRunning }
            var threads: [ShardThread] = []
            state = .running([])
            for index in 0..<configuration.shardCount {
                guard
                    let thread = ShardThread(
                        index: index, configuration: configuration, serverKey: serverKey, admission: admission, fabric: fabric)
                else {
                    let code = errno
                    for mailbox in fabric.mailboxes { mailbox.post(.stop) }
                    for thread in threads { thread.join() }
                    state = .stopped
                    return .system(code)
                }
                threads.append(thread)
            }
            state = .running(threads)
            return nil
        }
        if let failure { throw failure }
    }

    /// Hands a connection over to a shard. Answers false when it was refused, and is closed by that.
    @discardableResult
    package func adopt(_ adoption: Adoption) -> Bool {
        let next = nextShard.add(1, ordering: .relaxed).newValue
        return fabric.mailboxes[next % fabric.mailboxes.count].post(.adopt(adoption))
    }

    /// Closes all connections of a key within a moment: the node was removed, expired or moved.
    package func cut(_ key: NodeKey, reason: CloseReason) {
        fabric.broadcast(.close(key, reason))
    }

    /// Changes the limits for all connections, those that are open included.
    package func reconfigure(_ limits: RelayLimits) {
        fabric.broadcast(.limits(limits))
    }

    /// The counters and the open connections, as every shard sees them at its next round.
    package func snapshot() async -> RelayStatistics {
        await withCheckedContinuation { continuation in
            let collector = SnapshotCollector(shardCount: fabric.mailboxes.count, continuation)
            for mailbox in fabric.mailboxes where !isRunning || !mailbox.post(.snapshot(collector)) {
                collector.add(RelayStatistics())
            }
        }
    }

    /// Tells every client that the relay is about to restart, when to come back and for how long to try.
    package func restarting(reconnectIn delay: Duration, tryFor patience: Duration) {
        fabric.broadcast(.restarting(reconnectIn: delay, tryFor: patience))
    }

    /// Takes no more connections, writes what waits for those that are open, closes them, and returns when all are gone or at the deadline.
    package func drain(within time: Duration) async {
        let deadline = Shard.clock() + time
        await withCheckedContinuation { continuation in
            let countdown = DrainCountdown(shardCount: fabric.mailboxes.count, continuation)
            for mailbox in fabric.mailboxes where !isRunning || !mailbox.post(.drain(until: deadline, countdown)) {
                countdown.shardDrained()
            }
        }
    }

    /// Closes everything and waits for the threads to end: a few milliseconds. It may be repeated.
    package func stop() {
        let threads = state.withLock { state -> [ShardThread] in
            defer { state = .stopped }
            if case .running(let threads) = state { return threads }
            return []
        }
        for mailbox in fabric.mailboxes { mailbox.post(.stop) }
        for thread in threads { thread.join() }
        if !threads.isEmpty { fabric.endMigrants() }
    }

    private var isRunning: Bool {
        state.withLock { if case .running = $0 { true } else { false } }
    }

    // MARK: - STUN

    /// Answers STUN requests on UDP addresses, once per relay: every shard gets a socket of its own for each address.
    ///
    /// - Parameters:
    ///   - endpoints: where to listen. Port 0 picks a free one. `::` takes IPv4 too, unless `0.0.0.0` with the same port is listed.
    ///   - behaviour: servers with a second address and port (RFC 5780); their four sockets are bound beside `endpoints`.
    ///   - rate: how many replies that are larger than their requests each source network gets.
    /// - Returns: the endpoints that were bound, those of `endpoints` first and in their order.
    package func bindSTUN(
        _ endpoints: [Endpoint], behaviour: [ServerAddresses] = [], rate: STUNRate = .standard
    ) throws(DatapathError) -> [Endpoint] {
        var wanted: [Endpoint] = []
        for endpoint in endpoints + behaviour.flatMap(\.sockets) where endpoint.port == 0 || !wanted.contains(endpoint) {
            wanted.append(endpoint)
        }
        var sockets: [[STUNService.BoundSocket]] = Array(repeating: [], count: fabric.mailboxes.count)
        var bound: [Endpoint] = []
        for endpoint in wanted {
            let isDual = !wanted.contains { $0.address.isIPv4 && $0.address.isUnspecified && $0.port == endpoint.port }
            var local = endpoint
            for shard in sockets.indices {
                let socket = try Self.bind(local, isDual: endpoint.address.isUnspecified && isDual)
                local = socket.local
                sockets[shard].append(socket)
            }
            bound.append(local)
        }
        // The kernel spreads senders over the sockets by their ports: a network reaches all of them.
        let rate = rate.divided(by: fabric.mailboxes.count)
        for (mailbox, sockets) in zip(fabric.mailboxes, sockets) {
            guard mailbox.post(.serveSTUN(STUNService.Setup(sockets: sockets, behaviour: behaviour, rate: rate))) else {
                throw .notRunning
            }
        }
        return bound
    }

    private static func bind(_ endpoint: Endpoint, isDual: Bool) throws(DatapathError) -> STUNService.BoundSocket {
        var wanted = causeway_endpoint(endpoint)
        let number = causeway_bind_udp(&wanted, isDual, true)
        guard number >= 0 else { throw .cannotBind(endpoint, -number) }
        let descriptor = OwnedDescriptor(taking: number)
        var local = causeway_endpoint()
        guard causeway_local_endpoint(number, &local) else { throw .system(errno) }
        return STUNService.BoundSocket(descriptor, Endpoint(local))
    }
}

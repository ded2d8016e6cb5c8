internal import Coordination
internal import CryptoBox
internal import Foundation
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Store
internal import Wire

/// Keeps the registry: one request at a time changes it, and its effects go to the store, the streams and the relay.
actor CoordinationService {
    private var registry: Registry
    private var journal = Journal()
    private var streams = PeerStreams()
    private var random = SystemRandomNumberGenerator()
    private var isDraining = false

    let serverKey: NodePrivateKey
    private let store: any NodeStore
    private let maximumStreamCount: Int
    /// Closes the relay connections of a key.
    private let cutRelay: @Sendable (NodeKey) -> Void
    private let logger: Logger
    /// Wakes the writer; one token is as good as many.
    private let writerWakeUps: AsyncStream<Void>
    private let wakeWriter: AsyncStream<Void>.Continuation

    /// How often deadlines are looked at and late changes written: expiry must cut within a second.
    private static let tick = Duration.milliseconds(500)
    private static let heartbeatTicks = 30

    /// Loads what the store holds.
    init(
        configuration: Registry.Configuration, serverKey: NodePrivateKey, store: any NodeStore, maximumStreamCount: Int,
        logger: Logger, cutRelay: @escaping @Sendable (NodeKey) -> Void
    ) async throws {
        let snapshot = try await store.load()
        var random = SystemRandomNumberGenerator()
        var effects: [RegistryEffect] = []
        registry = Registry(
            configuration: configuration, serverKey: serverKey.publicKey, snapshot: snapshot, at: Self.now, using: &random,
            effects: &effects)
        self.serverKey = serverKey
        self.store = store
        self.maximumStreamCount = maximumStreamCount
        self.cutRelay = cutRelay
        self.logger = logger
        (writerWakeUps, wakeWriter) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        apply(effects)
    }

    private static var now: Moment {
        Moment(
            instant: MonotonicClock.now,
            time: Timestamp(milliseconds: Int64((Date.now.timeIntervalSince1970 * 1_000).rounded(.down))))
    }

    // MARK: - Requests

    /// Asks the registry something that changes nothing.
    func read<Answer>(_ question: (borrowing Registry, Moment) throws -> Answer) throws -> Answer {
        do {
            return try question(registry, Self.now)
        } catch let error as RegistryError {
            throw error.problem
        }
    }

    /// Changes the registry, and answers when what must not be lost is on disk.
    func perform<Answer: Sendable>(
        _ change: (inout Registry, Moment, inout SystemRandomNumberGenerator, inout [RegistryEffect]) throws -> Answer
    ) async throws -> Answer {
        guard !isDraining else { throw Problem(.unavailable, detail: "The server restarts.", retryAfterSeconds: 1) }
        var effects: [RegistryEffect] = []
        let answer: Answer
        do {
            answer = try change(&registry, Self.now, &random, &effects)
        } catch let error as RegistryError {
            apply(effects)
            throw error.problem
        }
        apply(effects)
        let mustWait = effects.contains { if case .persist = $0 { true } else { false } }
        if mustWait { try await durable() }
        return answer
    }

    private func durable() async throws {
        do {
            try await withCheckedThrowingContinuation { waiter in
                journal.wait(waiter)
                wakeWriter.yield()
            }
        } catch {
            throw Problem(.storageFailed, detail: "The server's log says why.", retryAfterSeconds: 5)
        }
    }

    /// Carries out what the registry wants, in its order.
    private func apply(_ effects: [RegistryEffect]) {
        for effect in effects {
            switch effect {
            case .persist(let changes): journal.append(changes, urgently: true)
            case .persistLater(let changes): journal.append(changes, urgently: false)
            case .notify(let event): streams.send(event)
            case .cutRelay(let key): cutRelay(key)
            case .closeStreams(let node): streams.close(of: node)
            case .closeAllStreams: streams.finishAll()
            }
        }
        if journal.isUrgent { wakeWriter.yield() }
    }

    // MARK: - Streams

    /// Opens the stream of a node's network: what it missed since `last`, or a snapshot, then every change.
    func openStream(
        of node: NodeID, since last: EventID?, close: @escaping @Sendable () -> Void
    ) throws -> (id: UInt64, events: AsyncStream<ByteBuffer>) {
        guard !isDraining else { throw Problem(.unavailable, detail: "The server restarts.", retryAfterSeconds: 1) }
        guard streams.count < maximumStreamCount else {
            throw Problem(.unavailable, detail: "There are \(maximumStreamCount) streams open.", retryAfterSeconds: 30)
        }
        let now = Self.now
        let (events, continuation) = AsyncStream<ByteBuffer>.makeStream(
            bufferingPolicy: .bufferingOldest(PeerStreams.waitingEvents))
        let (network, first) = try greeting(of: node, since: last)
        continuation.yield(first)
        let id = streams.add(PeerStreams.Reader(node: node, network: network, continuation: continuation, close: close))
        var effects: [RegistryEffect] = []
        registry.connectionOpened(of: node, at: now, effects: &effects)
        apply(effects)
        return (id, events)
    }

    private func greeting(of node: NodeID, since last: EventID?) throws -> (NetworkID, ByteBuffer) {
        do {
            let list = try registry.peers(of: node)
            if let last, let missed = try registry.events(for: node, since: last) {
                // A comment, so that also a reader who missed nothing gets an answer at once.
                var text = ByteBuffer(string: ": resumed\n\n")
                for event in missed {
                    if var part = PeerStreams.text(of: event) { text.writeBuffer(&part) }
                }
                return (list.network.id, text)
            }
            let text = PeerStreams.text(id: list.eventID, name: .snapshot, list) ?? ByteBuffer()
            return (list.network.id, text)
        } catch {
            throw error.problem
        }
    }

    /// The reader of a stream has gone.
    func streamEnded(_ id: UInt64) {
        guard let node = streams.remove(id) else { return }
        connectionChanged(of: node, isOpen: false)
    }

    /// A relay connection of a key came or went.
    func relayConnectionChanged(of key: NodeKey, isOpen: Bool) {
        guard let node = registry.node(holding: key) else { return }
        connectionChanged(of: node, isOpen: isOpen)
    }

    private func connectionChanged(of node: NodeID, isOpen: Bool) {
        var effects: [RegistryEffect] = []
        if isOpen {
            registry.connectionOpened(of: node, at: Self.now, effects: &effects)
        } else {
            registry.connectionClosed(of: node, at: Self.now, effects: &effects)
        }
        apply(effects)
    }

    // MARK: - The relay's questions

    func admission(of key: NodeKey) -> NetworkID? {
        registry.admission(of: key, at: Self.now)
    }

    func reconfigure(_ configuration: Registry.Configuration) {
        registry.reconfigure(configuration)
    }

    var statistics: StatisticsReport.Coordination {
        var report = StatisticsReport.Coordination()
        let nodes = registry.nodeList(in: nil, at: Self.now).nodes
        report.networks = registry.networkList().networks.count
        report.nodes = nodes.count
        report.onlineNodes = nodes.count(where: \.online)
        report.joinKeys = registry.joinKeyList(at: Self.now).joinKeys.count
        report.streams = streams.count
        report.droppedStreams = streams.droppedCount
        report.changesNotified = streams.eventCount
        report.changesStored = journal.storedCount
        return report
    }

    // MARK: - Running

    /// Writes changes and looks at deadlines until `drain` has been called and everything is written.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.writeChanges() }
            group.addTask { await self.keepTime() }
        }
    }

    /// Ends all streams and lets `run` return once all changes are on disk.
    func drain() {
        isDraining = true
        streams.finishAll()
        wakeWriter.finish()
    }

    private func writeChanges() async {
        for await _ in writerWakeUps { await writePending() }
        await writePending()
    }

    private func writePending() async {
        while !journal.pending.isEmpty {
            let (changes, waiters) = journal.takeBatch()
            do {
                try await store.apply(changes)
                for waiter in waiters { waiter.resume() }
            } catch {
                logger.error(
                    "the database takes no changes: they are undone",
                    metadata: ["error": "\(error)", "changes": "\(changes.count)"])
                await undo()
                for waiter in waiters { waiter.resume(throwing: error) }
            }
        }
        // A waiter may come when everything has just been written.
        for waiter in journal.takeBatch().waiters { waiter.resume() }
    }

    /// Goes back to what is on disk. Changes made since are lost with their requests, which are told so.
    private func undo() async {
        do {
            let snapshot = try await store.load()
            // Whatever was asked until here was decided by what is undone.
            for waiter in journal.takeBatch().waiters { waiter.resume(throwing: Problem(.storageFailed)) }
            var effects: [RegistryEffect] = []
            registry.reload(snapshot, at: Self.now, using: &random, effects: &effects)
            apply(effects)
        } catch {
            logger.critical("the database cannot be read either", metadata: ["error": "\(error)"])
        }
    }

    private func keepTime() async {
        var ticks = 0
        while !isDraining {
            // Cancellation ends the sleep early; the loop's condition decides.
            try? await Task.sleep(for: Self.tick)
            guard !Task.isCancelled else { return }
            ticks += 1
            if ticks.isMultiple(of: Self.heartbeatTicks) { streams.sendHeartbeat() }
            let now = Self.now
            if let deadline = registry.nextDeadline, deadline <= now.time {
                var effects: [RegistryEffect] = []
                registry.deadlineReached(at: now, effects: &effects)
                apply(effects)
            }
            if !journal.pending.isEmpty { wakeWriter.yield() }
        }
    }
}

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
    var registry: Registry
    var streams = PeerStreams()
    private var random = SystemRandomNumberGenerator()
    private var phase = Phase.loading

    let serverKey: NodePrivateKey
    private let store: any NodeStore
    private var configuration: Registry.Configuration
    private(set) var maximumStreamCount: Int
    /// Closes the relay connections of a key.
    private let cutRelay: @Sendable (NodeKey) -> Void
    /// The keys that are connected to the relay.
    private let relayKeys: @Sendable () async -> [NodeKey]
    private let logger: Logger

    /// What the service is doing.
    private enum Phase {
        /// The registry is not there; nobody may ask it.
        case loading
        case serving
        /// Nothing is taken any more.
        case draining
    }

    /// A write with the number of changes given to the store by then.
    private struct Write: Sendable {
        let durability: Durability
        let ordinal: UInt64
    }

    /// Writes given to the store, for the one who looks out for failures.
    private let writes: AsyncStream<Write>
    private let noteWrite: AsyncStream<Write>.Continuation
    /// Changes given to the store since the start.
    private var storedCount: UInt64 = 0
    /// False from a write that failed until the registry is again what is on disk.
    private(set) var isStoring = true
    /// How many there were when the registry last went back to what is on disk.
    private var mendedCount: UInt64 = 0

    /// How often deadlines are looked at: expiry must cut within a second.
    private static let tick = Duration.milliseconds(500)
    private static let heartbeatTicks = 30
    /// How often the relay is asked who is connected: an ephemeral node may be gone for much longer.
    private static let presenceTicks = 120

    /// Prepares a service, which serves once it has loaded.
    init(
        configuration: Registry.Configuration, serverKey: NodePrivateKey, store: any NodeStore, maximumStreamCount: Int,
        logger: Logger, cutRelay: @escaping @Sendable (NodeKey) -> Void,
        relayKeys: @escaping @Sendable () async -> [NodeKey] = { [] }
    ) {
        var random = SystemRandomNumberGenerator()
        // What an empty registry wants is of no interest.
        var effects: [RegistryEffect] = []
        registry = Registry(
            configuration: configuration, serverKey: serverKey.publicKey, snapshot: RegistrySnapshot(), at: Self.now,
            using: &random, effects: &effects)
        self.configuration = configuration
        self.serverKey = serverKey
        self.store = store
        self.maximumStreamCount = maximumStreamCount
        self.cutRelay = cutRelay
        self.relayKeys = relayKeys
        self.logger = logger
        // Unbounded, but the store's own queue is as long: each write is one element.
        (writes, noteWrite) = AsyncStream.makeStream()
    }

    /// Loads what the store holds, and serves.
    func load() async throws(StoreError) {
        let snapshot = try await store.load()
        var effects: [RegistryEffect] = []
        registry = Registry(
            configuration: configuration, serverKey: serverKey.publicKey, snapshot: snapshot, at: Self.now, using: &random,
            effects: &effects)
        phase = .serving
        apply(effects)
    }

    static var now: Moment {
        Moment(
            instant: MonotonicClock.now,
            time: Timestamp(milliseconds: Int64((Date.now.timeIntervalSince1970 * 1_000).rounded(.down))))
    }

    // MARK: - Requests

    /// Asks the registry something that changes nothing.
    func read<Answer>(_ question: (borrowing Registry, Moment) throws -> Answer) throws -> Answer {
        if case .loading = phase { try checkPhase() }
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
        try checkPhase()
        var effects: [RegistryEffect] = []
        let answer: Answer
        do {
            answer = try change(&registry, Self.now, &random, &effects)
        } catch let error as RegistryError {
            apply(effects)
            throw error.problem
        }
        for write in apply(effects) {
            do {
                try await write.wait()
            } catch {
                throw Problem(.storageFailed, detail: "The server's log says why.", retryAfterSeconds: 5)
            }
        }
        return answer
    }

    /// A join key that admits one node within a day, for the start; nil when there are as many as there may be.
    func firstJoinKey() async throws -> JoinKeySecret? {
        do {
            return try await perform { registry, now, random, effects in
                try registry.createJoinKey(
                    NewJoinKey(note: "made at start"), from: nil, at: now, using: &random, effects: &effects
                ).secret
            }
        } catch let problem as Problem where problem.problemType == .limitReached {
            logger.warning("no join key was made at this start", metadata: ["reason": "\(problem.detail ?? problem.title)"])
            return nil
        }
    }

    func checkPhase() throws(Problem) {
        switch phase {
        case .serving: return
        case .loading: throw Problem(.unavailable, detail: "The server starts.", retryAfterSeconds: 1)
        case .draining: throw Problem(.unavailable, detail: "The server restarts.", retryAfterSeconds: 1)
        }
    }

    /// Carries out what the registry wants, in its order, and answers the writes that a request waits for.
    @discardableResult
    func apply(_ effects: [RegistryEffect]) -> [Durability] {
        var urgent: [Durability] = []
        for effect in effects {
            switch effect {
            case .persist(let changes): urgent.append(append(changes, .now))
            case .persistLater(let changes): _ = append(changes, .soon)
            case .notify(let event): streams.send(event)
            case .cutRelay(let key): cutRelay(key)
            case .closeStreams(let node): streams.close(of: node)
            case .closeAllStreams: streams.finishAll()
            }
        }
        return urgent
    }

    private func append(_ changes: [StoreChange], _ urgency: StoreUrgency) -> Durability {
        storedCount &+= UInt64(changes.count)
        let write = store.append(changes, urgency: urgency)
        noteWrite.yield(Write(durability: write, ordinal: storedCount))
        return write
    }

    // MARK: - The relay's questions

    func admission(of key: NodeKey) -> NetworkID? {
        registry.admission(of: key, at: Self.now)
    }

    func reconfigure(_ configuration: Registry.Configuration, maximumStreamCount: Int) {
        self.configuration = configuration
        registry.reconfigure(configuration)
        self.maximumStreamCount = maximumStreamCount
    }

    /// - Parameter keys: those that are connected to the relay at this moment.
    func statistics(relayed keys: [NodeKey]) -> StatisticsReport.Coordination {
        notePresence(keys)
        var report = StatisticsReport.Coordination()
        report.networks = registry.networkCount
        report.nodes = registry.nodeCount
        report.onlineNodes = registry.onlineNodeCount
        report.joinKeys = registry.joinKeyCount
        report.streams = streams.count
        report.droppedStreams = streams.droppedCount
        report.changesNotified = streams.eventCount
        report.changesStored = storedCount
        return report
    }

    // MARK: - Running

    /// Looks at deadlines and out for failed writes, until `drain`.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepTime() }
            await self.watchWrites()
            group.cancelAll()
        }
    }

    /// Ends all streams and takes no more requests.
    func endStreams() {
        phase = .draining
        streams.finishAll()
    }

    /// Lets `run` return; what was given to the store stays with it.
    nonisolated func stop() {
        noteWrite.finish()
    }

    /// Goes back to what is on disk when a write fails: what was not stored did not happen.
    private func watchWrites() async {
        for await write in writes {
            do {
                try await write.durability.wait()
            } catch {
                // Writes behind a failed one are refused with it; one return mends them all.
                guard write.ordinal > mendedCount else { continue }
                logger.error("the database takes no changes: they are undone", metadata: ["error": "\(error)"])
                await undo()
            }
        }
    }

    private func undo() async {
        isStoring = false
        while !Task.isCancelled {
            do {
                let snapshot = try await store.load()
                var effects: [RegistryEffect] = []
                registry.reload(snapshot, at: Self.now, using: &random, effects: &effects)
                store.resume()
                mendedCount = storedCount
                isStoring = true
                apply(effects)
                return
            } catch {
                logger.critical("the database cannot be read either", metadata: ["error": "\(error)"])
                // Cancellation ends the pause early; the loop's condition decides.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Asks the relay who is there, before somebody is told.
    func refreshPresence() async {
        notePresence(await relayKeys())
    }

    private func notePresence(_ keys: [NodeKey]) {
        var effects: [RegistryEffect] = []
        registry.noteRelayed(keys, at: Self.now, effects: &effects)
        apply(effects)
    }

    private func keepTime() async {
        var ticks = 0
        while true {
            // Cancellation ends the sleep early; the next line decides.
            try? await Task.sleep(for: Self.tick)
            guard !Task.isCancelled else { return }
            ticks += 1
            if ticks.isMultiple(of: Self.heartbeatTicks) { sendHeartbeat() }
            if ticks.isMultiple(of: Self.presenceTicks) { await refreshPresence() }
            let now = Self.now
            if let deadline = registry.nextDeadline, deadline <= now.time {
                var effects: [RegistryEffect] = []
                registry.deadlineReached(at: now, effects: &effects)
                apply(effects)
            }
        }
    }
}

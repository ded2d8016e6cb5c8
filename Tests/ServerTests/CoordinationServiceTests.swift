import Coordination
import CryptoBox
import NIOConcurrencyHelpers
import Store
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct CoordinationServiceTests {
    private func names(_ service: CoordinationService) async throws -> [String] {
        try await service.read { registry, _ in registry.networkList().networks.map(\.name) }
    }

    private func eventually(_ condition: () async -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if await condition() { return true }
            await Task.yield()
        }
        return false
    }

    private func create(_ name: String, _ service: CoordinationService) async throws {
        _ = try await service.perform { registry, now, _, effects in
            try registry.createNetwork(NewNetwork(name: name), from: nil, at: now, effects: &effects)
        }
    }

    @Test func whatTheDatabaseDoesNotTakeDidNotHappen() async throws {
        let store = FullDisk()
        var random = SystemRandomNumberGenerator()
        let service = CoordinationService(
            configuration: Registry.Configuration(), serverKey: NodePrivateKey(using: &random), store: store,
            maximumStreamCount: 1,
            logger: TestServer.quiet, cutRelay: { _ in })
        try await service.load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            try await create("kept", service)
            #expect(await service.isStoring)
            store.isFull = true
            store.isUnreadable = true
            let problem = await #expect(throws: Problem.self) { try await create("lost", service) }
            #expect(problem?.problemType == .storageFailed)
            // Until what is in memory is what is on disk again, the server is not ready.
            #expect(await eventually { await !service.isStoring })
            store.isUnreadable = false
            #expect(await eventually { await service.isStoring })
            // The registry goes back by itself, and from then on everything works.
            while store.isFull { await Task.yield() }
            #expect(try await names(service) == ["default", "kept"])
            try await create("after", service)
            #expect(try await names(service) == ["default", "kept", "after"])
            service.stop()
        }
    }

    @Test func aServerThatLoadsTakesNoRequestsYet() async throws {
        var random = SystemRandomNumberGenerator()
        let service = CoordinationService(
            configuration: Registry.Configuration(), serverKey: NodePrivateKey(using: &random), store: FullDisk(),
            maximumStreamCount: 1, logger: TestServer.quiet, cutRelay: { _ in })
        let problem = await #expect(throws: Problem.self) { try await create("early", service) }
        #expect(problem?.problemType == .unavailable)
        try await service.load()
        try await create("early", service)
        #expect(try await names(service) == ["default", "early"])
    }

    @Test func aServerWithoutRoomForJoinKeysStartsAllTheSame() async throws {
        var random = SystemRandomNumberGenerator()
        var configuration = Registry.Configuration()
        configuration.limits.joinKeys = 2
        let log = RecordedLog()
        let service = CoordinationService(
            configuration: configuration, serverKey: NodePrivateKey(using: &random), store: FullDisk(), maximumStreamCount: 1,
            logger: log.logger, cutRelay: { _ in })
        try await service.load()
        for _ in 0..<2 { #expect(try await service.firstJoinKey() != nil) }
        #expect(log.lines.isEmpty)
        #expect(try await service.firstJoinKey() == nil)
        #expect(log.lines == ["warning: no join key was made at this start [reason: at most 2 join keys: revoke some]"])
    }

    @Test func aServerThatDrainsTakesNoMoreRequests() async throws {
        var random = SystemRandomNumberGenerator()
        let service = CoordinationService(
            configuration: Registry.Configuration(), serverKey: NodePrivateKey(using: &random), store: FullDisk(),
            maximumStreamCount: 1, logger: TestServer.quiet, cutRelay: { _ in })
        try await service.load()
        await service.endStreams()
        let problem = await #expect(throws: Problem.self) { try await create("late", service) }
        #expect(problem?.problemType == .unavailable)
        #expect(problem?.retryAfterSeconds == 1)
    }
}

/// A store in memory whose disk can be full.
private final class FullDisk: NodeStore {
    private let networks = NIOLockedValueBox<[NetworkRecord]>([])
    private let full = NIOLockedValueBox(false)
    private let unreadable = NIOLockedValueBox(false)

    var isUnreadable: Bool {
        get { unreadable.withLockedValue { $0 } }
        set { unreadable.withLockedValue { $0 = newValue } }
    }

    var isFull: Bool {
        get { full.withLockedValue { $0 } }
        set { full.withLockedValue { $0 = newValue } }
    }

    func load() async throws(StoreError) -> RegistrySnapshot {
        if isUnreadable { throw .failed(path: "memory", reason: "unreadable") }
        var snapshot = RegistrySnapshot()
        snapshot.networks = networks.withLockedValue { $0 }
        snapshot.lastNetworkID = snapshot.networks.map(\.id.rawValue).max() ?? 0
        return snapshot
    }

    func append(_ changes: [StoreChange], urgency: StoreUrgency) -> Durability {
        guard !isFull else { return Durability(failed: .diskFull(path: "memory")) }
        for case .putNetwork(let network) in changes { networks.withLockedValue { $0.append(network) } }
        let durability = Durability()
        durability.finish(.success(()))
        return durability
    }

    func resume() { isFull = false }

    func close() async throws(StoreError) {}
}

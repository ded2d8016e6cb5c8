internal import Logging
internal import NIOConcurrencyHelpers
internal import Relay
internal import ServiceLifecycle
internal import Store
internal import UnixSignals

/// Runs coordination, and closes the database when everything that could change it has ended.
struct CoordinationRunner: Service {
    let service: CoordinationService
    let store: any NodeStore
    let logger: Logger

    func run() async throws {
        await withGracefulShutdownHandler {
            await service.run()
        } onGracefulShutdown: {
            service.stop()
        }
        do {
            try await store.close()
        } catch {
            logger.error("the database could not be closed", metadata: ["error": "\(error)"])
        }
    }
}

/// Runs the answers to the relay's admission questions.
struct AdmissionRunner: Service {
    let queue: AdmissionQueue
    let policy: AdmissionPolicy

    func run() async throws {
        let policy = policy
        await withGracefulShutdownHandler {
            await queue.run { await policy.decide($0) }
        } onGracefulShutdown: {
            queue.finish()
        }
    }
}

/// Holds the relay while the server runs; at shutdown what is queued goes out first.
struct RelayRunner: Service {
    let datapath: Datapath

    /// How long the shards may take to write what is queued.
    private static let drainTime = Duration.seconds(1)

    func run() async throws {
        // Only cancellation ends the wait otherwise, and then too the relay must stop.
        try? await gracefulShutdown()
        await datapath.drain(within: Self.drainTime)
        datapath.stop()
    }
}

/// The first to hear of the shutdown: tells clients and the service manager before anything closes.
struct Farewell: Service {
    let service: CoordinationService
    let datapath: Datapath
    let notifier: ServiceNotifier
    let isReady: NIOLockedValueBox<Bool>
    let logger: Logger

    func run() async throws {
        // Only cancellation ends the wait otherwise: then there is nobody left to tell.
        try? await gracefulShutdown()
        logger.info("the server stops")
        isReady.withLockedValue { $0 = false }
        notifier.stopping()
        datapath.restarting(reconnectIn: .seconds(1), tryFor: .seconds(60))
        await service.endStreams()
    }
}

/// Reads certificate, limits and lists again at `SIGHUP`.
struct ReloadRunner: Service {
    let reload: @Sendable () async -> Void

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await reload()
        }
    }
}

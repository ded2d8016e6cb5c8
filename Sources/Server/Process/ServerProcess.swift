internal import Coordination
internal import DERP
internal import Foundation
internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Relay
internal import ServiceLifecycle
internal import Store
internal import TLS
internal import UnixSignals
internal import Wire

/// The whole server: made by `start`, which binds everything, then `run` until it is told to stop.
package struct ServerProcess: Sendable {
    /// The version that the server tells.
    package static let version = "0.1.0"

    /// What was bound, and how clients find it.
    package let startUp: StartUp

    let parts: ServerParts
    private let listeners: ServerListeners
    private let loader: ConfigurationLoader?
    private let logger: Logger

    /// Opens the data directory, binds every address and starts the relay; what cannot be had is one error that names the remedy.
    ///
    /// - Parameter loader: where a reload reads the settings again; nil reloads files only.
    package static func start(
        _ settings: Settings, loader: ConfigurationLoader? = nil, logger: Logger
    ) async throws(StartError) -> ServerProcess {
        DescriptorLimit.raise()
        let directory = DataDirectory(path: settings.data)
        try directory.open()
        let parts = try ServerParts(settings, directory: directory, logger: logger)
        let listeners = try await ServerListeners.bind(
            settings, directory: directory, content: parts.content(), connections: parts.connections, logger: logger)
        do {
            let plan = try await STUNPlan(settings)
            let stun = try parts.startRelay(plan)
            // A large database takes a moment to read. Meanwhile STUN answers, and clients shake hands and wait.
            try await parts.load()
            let startUp = try await parts.advertise(
                settings, directory: directory, listeners: listeners, stun: stun, stunAlternate: plan.alternate)
            return ServerProcess(startUp: startUp, parts: parts, listeners: listeners, loader: loader, logger: logger)
        } catch {
            await listeners.discard()
            throw error
        }
    }

    /// Serves until the process is told to stop (`SIGTERM`, `SIGINT`) or its task's graceful shutdown begins.
    ///
    /// - Parameter handlesSignals: false in tests, where signals belong to the test runner.
    package func run(notifier: ServiceNotifier = ServiceNotifier(path: nil), handlesSignals: Bool = true) async throws {
        // Services end in the reverse of this order, each after the ones below it.
        var services: [any Service] = [
            CoordinationRunner(service: parts.service, store: parts.store, logger: logger),
            AdmissionRunner(queue: parts.admissionQueue, policy: parts.admissionPolicy),
            RelayRunner(datapath: parts.datapath),
            parts.bootstrapNames,
            listeners,
            Farewell(
                service: parts.service, datapath: parts.datapath, notifier: notifier, isReady: parts.isReady, logger: logger),
        ]
        if handlesSignals {
            services.append(
                ReloadRunner {
                    notifier.reloading()
                    await reload()
                    notifier.ready(status: startUp.url)
                })
        }
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [], logger: Self.quiet(logger))
        configuration.maximumGracefulShutdownDuration = .milliseconds(4_500)
        parts.isReady.withLockedValue { $0 = true }
        notifier.ready(status: startUp.url)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Reads settings, certificate and lists again. What is wrong is logged and leaves everything as it was.
    package func reload() async {
        do {
            let settings: Settings
            do {
                settings = try loader?.load() ?? parts.settings
            } catch {
                throw StartError(.configuration, "\(error)")
            }
            let (reloaded, needRestart) = parts.settings.reloading(settings)
            try await parts.reload(reloaded)
            if !needRestart.isEmpty {
                logger.warning(
                    "settings that have changed need a restart", metadata: ["keys": "\(needRestart.joined(separator: ", "))"])
            }
            logger.notice("certificate, limits and lists were read again")
        } catch {
            logger.error("nothing was reloaded", metadata: ["error": "\(error)"])
        }
    }

    /// The lifecycle library's own notes are of no use to an operator.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

internal import Coordination
internal import CryptoBox
internal import DERP
internal import Foundation
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Relay
internal import Store
internal import TLS
internal import Wire

/// What a server is made of, and how its parts know each other.
struct ServerParts: Sendable {
    let settings: Settings
    let store: any NodeStore
    let service: CoordinationService
    let datapath: Datapath
    let admissionQueue: AdmissionQueue
    let admissionPolicy: AdmissionPolicy
    let connections: ConnectionTable
    /// False until the server serves, and again when it drains.
    let isReady = NIOLockedValueBox(false)

    private let serverKey: NodePrivateKey
    private let certificate: ServerCertificate?
    private let tls: CurrentTLSContext?
    private let pin: CertificatePin?
    private let hosts: [String]
    private let advertisement = Late<Advertisement>()
    private let limiter: RequestLimiter<IPAddress>
    private let frontCounters = FrontCounters()
    private let responses = ResponseCounts()
    private let adminToken: AdminToken
    let bootstrapNames: BootstrapNames
    private let started = MonotonicClock.now
    private let logger: Logger

    init(_ settings: Settings, directory: DataDirectory, logger: Logger) throws(StartError) {
        self.settings = settings
        self.logger = logger
        // First of all: it makes sure that no other server runs on the directory.
        let store: SQLiteStore
        do {
            store = try SQLiteStore(path: directory.databaseFile)
        } catch {
            throw StartError(.data, "\(error)")
        }
        self.store = store
        let serverKey = try directory.serverKey()
        self.serverKey = serverKey
        hosts = PublicHosts.choose(configured: settings.publicHosts, listening: settings.listen)
        if settings.plainHTTP {
            (certificate, tls, pin) = (nil, nil, nil)
        } else {
            let certificate = ServerCertificate(directory: directory, serverKey: serverKey.publicKey, logger: logger)
            let (context, pin) = try certificate.load(settings.tls, hosts: hosts)
            self.certificate = certificate
            tls = CurrentTLSContext(context)
            self.pin = pin
        }
        admissionQueue = AdmissionQueue(logger: logger)
        datapath = try Self.makeDatapath(settings, serverKey, admissionQueue, logger)
        service = CoordinationService(
            configuration: settings.registryConfiguration, serverKey: serverKey, store: store,
            maximumStreamCount: settings.limits.streams, logger: logger,
            cutRelay: { [datapath] in datapath.cut($0, reason: .revoked) },
            relayKeys: { [datapath] in await datapath.snapshot().connections.map(\.key) })
        let policy = try AdmissionPolicy(settings, service: service, logger: logger)
        admissionQueue.decideAtOnce { policy.decideAtOnce($0) }
        admissionPolicy = policy
        connections = ConnectionTable(limits: settings.connectionLimits, shared: settings.trustedProxies)
        limiter = RequestLimiter(rate: settings.limits.requestsPerSecond, burst: settings.limits.requestBurst)
        adminToken = AdminToken(file: directory.adminTokenFile)
        bootstrapNames = BootstrapNames(names: settings.bootstrapNames, logger: logger)
    }

    private static func makeDatapath(
        _ settings: Settings, _ serverKey: NodePrivateKey, _ admission: AdmissionQueue, _ logger: Logger
    ) throws(StartError) -> Datapath {
        var meshKey: MeshKey?
        if !settings.relay.meshKey.isEmpty {
            // A file that cannot be read holds no key either.
            let text = try? String(contentsOfFile: settings.relay.meshKey, encoding: .utf8)
            meshKey = text.flatMap { MeshKey($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            guard meshKey != nil else {
                throw StartError(
                    .data, "\(settings.relay.meshKey) holds no mesh key; write one with `causeway-server keygen mesh`")
            }
        }
        let configuration = RelayConfiguration(
            shardCount: settings.relay.shards == 0 ? RelayConfiguration.defaultShardCount : settings.relay.shards,
            limits: settings.relayLimits, meshKey: meshKey, writeTimeout: settings.relay.writeTimeout, logger: logger)
        do {
            return try Datapath(configuration: configuration, serverKey: serverKey, admission: admission)
        } catch {
            throw StartError(.failure, "the relay cannot be set up: \(error)")
        }
    }

    // MARK: - Serving

    /// What the listeners serve.
    func content() -> ServerListeners.Content {
        let front = FrontChannel(
            http: ServerListeners.channel(responder(publicRoutes, limiter: limiter)), tls: tls, serverKey: serverKey.publicKey,
            trustedProxies: settings.trustedProxies, counters: frontCounters, adopt: { [datapath] in datapath.adopt($0) })
        return ServerListeners.Content(
            front: front, admin: ServerListeners.channel(responder(operatorRoutes, limiter: nil)),
            socket: ServerListeners.channel(responder(socketRoutes, limiter: nil)))
    }

    private func responder(_ routes: Routes, limiter: RequestLimiter<IPAddress>?) -> HTTPResponder {
        HTTPResponder(
            routes: routes, trustedProxies: limiter == nil ? [] : settings.trustedProxies, limiter: limiter, responses: responses,
            logger: logger)
    }

    private var publicRoutes: Routes {
        var routes = Routes()
        PublicRoutes(advertisement: advertisement, bootstrapNames: bootstrapNames, isReady: ready).add(to: &routes)
        NodeRoutes(service: service, advertisement: advertisement).add(to: &routes)
        adminRoutes(authorize: { [adminToken] in try adminToken.authorize($0) }).add(to: &routes)
        return routes
    }

    private var operatorRoutes: Routes {
        var routes = Routes()
        PublicRoutes.addHealth(to: &routes, isReady: ready)
        OperatorRoutes(statistics: statistics, connections: connectionReports, status: status).add(to: &routes)
        return routes
    }

    private var socketRoutes: Routes {
        var routes = Routes()
        adminRoutes(authorize: { _ in }).add(to: &routes)
        return routes
    }

    private func adminRoutes(authorize: @escaping @Sendable (Exchange) throws -> Void) -> AdminRoutes {
        AdminRoutes(service: service, advertisement: advertisement, statistics: statistics, authorize: authorize)
    }

    private func ready() async -> Bool {
        guard isReady.withLockedValue({ $0 }) else { return false }
        return await service.isStoring
    }

    // MARK: - Start and reload

    /// Starts the shards and STUN, and answers where STUN is.
    func startRelay(_ plan: STUNPlan) throws(StartError) -> [Endpoint] {
        do {
            try datapath.start()
        } catch {
            throw StartError(.failure, "the relay cannot be started: \(error)")
        }
        return try plan.bind(on: datapath)
    }

    /// Loads what the database holds.
    func load() async throws(StartError) {
        do {
            try await service.load()
        } catch {
            throw StartError(.data, "\(error)")
        }
    }

    /// Lets everybody know how this server is reached.
    func advertise(
        _ settings: Settings, directory: DataDirectory, listeners: ServerListeners, stun: [Endpoint],
        stunAlternate: Endpoint?
    ) async throws(StartError) -> StartUp {
        let port = listeners.endpoints.first?.port ?? 0
        let name = settings.name.isEmpty ? ProcessInfo.processInfo.hostName : settings.name
        let server = Advertisement(
            name: name, version: ServerProcess.version, serverKey: serverKey.publicKey, hosts: hosts, port: port,
            isPlainHTTP: settings.plainHTTP, certificateDigest: pin?.digest, stunPort: stun.first?.port,
            stunAlternate: stunAlternate)
        advertisement.set(server)
        let joinKey: JoinKeySecret?
        do {
            joinKey = try await service.firstJoinKey()
        } catch {
            throw StartError(.data, "the first join key cannot be made: \(error)")
        }
        let host = hosts.first ?? "localhost"
        return StartUp(
            version: server.version, name: name, data: directory.path, adminSocket: directory.adminSocket,
            listen: listeners.endpoints, stun: stun, stunAlternate: stunAlternate, admin: listeners.adminEndpoint, hosts: hosts,
            url: "\(settings.plainHTTP ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)",
            isPlainHTTP: settings.plainHTTP, pin: pin?.description, relayKey: serverKey.publicKey,
            admission: settings.admission.mode.rawValue,
            joinLine: joinKey.flatMap { server.joinLine($0) }?.secretText ?? "")
    }

    /// Takes over what may change while the server runs: certificate, limits, the list of node keys. All of it, or nothing.
    func reload(_ settings: Settings) async throws(StartError) {
        let fresh = try certificate?.load(settings.tls, hosts: hosts)
        if case .list(let list) = admissionPolicy {
            for key in list.replace(with: try NodeKeyList.read(settings.admission.list)) { datapath.cut(key, reason: .revoked) }
        }
        if let fresh {
            tls?.value = fresh.context
            advertisement.update { $0.certificateDigest = fresh.pin?.digest }
        }
        datapath.reconfigure(settings.relayLimits)
        limiter.reconfigure(rate: settings.limits.requestsPerSecond, burst: settings.limits.requestBurst)
        connections.reconfigure(limits: settings.connectionLimits)
        await service.reconfigure(settings.registryConfiguration, maximumStreamCount: settings.limits.streams)
    }

    // MARK: - Statistics

    func statistics() async -> StatisticsReport { await statistics(of: await datapath.snapshot()) }

    private func statistics(of relay: RelayStatistics) async -> StatisticsReport {
        var report = StatisticsReport()
        report.version = ServerProcess.version
        report.uptimeSeconds = (MonotonicClock.now - started).inSeconds
        report.admission = settings.admission.mode.rawValue
        (report.admitted, report.denied) = (admissionQueue.counts.admitted, admissionQueue.counts.denied)
        (report.residentBytes, report.openFiles) = (ProcessFigures.residentBytes, ProcessFigures.openFiles)
        report.relay = StatisticsReport.Relay(relay)
        report.stun = StatisticsReport.STUN(relay.stun)
        report.coordination = await service.statistics(relayed: relay.connections.map(\.key))
        report.http = StatisticsReport.HTTP(connections, frontCounters.statistics, responses)
        return report
    }

    private func connectionReports() async -> [ConnectionReport] {
        await datapath.snapshot().connections.map { ConnectionReport($0) }
    }

    private func status() async throws -> StatusPage {
        let relay = await datapath.snapshot()
        let report = await statistics(of: relay)
        return try await service.read { registry, now in
            StatusPage(
                report: report, connections: relay.connections.map { ConnectionReport($0) },
                nodes: registry.onlineNodes(limit: StatusPage.maximumItemCount, at: now),
                pairs: registry.pairs(in: nil, limit: StatusPage.maximumItemCount))
        }
    }
}

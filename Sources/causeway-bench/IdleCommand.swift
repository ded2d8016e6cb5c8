internal import ArgumentParser
internal import CryptoBox
internal import Glibc
internal import TLS
internal import Wire

/// Opens many connections that then say nothing.
struct IdleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "Open many connections; measure what logging in and keeping them costs.")

    @OptionGroup var relay: RelayOptions

    @Option(help: "Connections to open.")
    var connections = 1000

    @Option(help: "Logins under way at once.")
    var concurrency = 32

    @Option(help: "How long to keep them all open.")
    var seconds = 10.0

    @Option(help: "Connections that are opened before and never say a word.")
    var halfOpen = 0

    @Flag(help: "Resume TLS sessions where the relay gives tickets; otherwise every handshake is a full one.")
    var resume = false

    @Flag(help: "Close every connection as soon as it is logged in.")
    var churn = false

    func run() throws {
        Sockets.raiseDescriptorLimit()
        var login = try relay.loginPlan()
        if resume {
            login.clients = concurrency
        } else if let peer = login.peer {
            guard IPAddress(peer.host) != nil, relay.insecure || relay.pin != nil else {
                throw ValidationError("full handshakes need an address in --url, and --pin or --insecure; or use --resume")
            }
            login.clients = .max
        }
        let silent = try (0..<halfOpen).map { _ in try Sockets.connect(to: login.endpoint) }
        defer { for descriptor in silent { close(descriptor) } }
        let report = try IdleLoad(closesAtOnce: churn).run(
            connections, concurrency, hold: .seconds(seconds), login, relay.url, server: relay.serverProcess)
        try Table.print("\(relay.url): \(connections) connections", report.rows, report)
    }
}

/// The figures of an idle run.
struct IdleReport: Codable {
    var command = "idle"
    var target: String
    var connections: Int
    var resumed: Int
    var closedByServer: Int
    var connectsPerSecond: Double
    var loginP50Microseconds: Double?
    var loginP99Microseconds: Double?
    var generatorMillisecondsPerConnect: Double
    var serverMillisecondsPerConnect: Double?
    var serverResidentBytesPerConnection: Double?
    var kernelBytesPerConnection: Double
    /// Of one CPU, while all connections are silent, 0…1.
    var serverCPUWhileIdle: Double?

    var rows: [(String, String)] {
        var rows = [
            ("logins", "\(Table.number(connectsPerSecond, 0)) per second, \(resumed) of \(connections) resumed"),
            ("login p50 / p99", Table.microseconds([loginP50Microseconds, loginP99Microseconds])),
            ("generator CPU", "\(Table.number(generatorMillisecondsPerConnect, 3)) ms per login"),
            ("kernel memory", "\(Table.number(kernelBytesPerConnection, 0)) bytes per connection, both ends, machine-wide"),
            ("closed by the server", "\(closedByServer)"),
        ]
        if let serverMillisecondsPerConnect {
            rows.append(("server CPU", "\(Table.number(serverMillisecondsPerConnect, 3)) ms per login"))
        }
        if let serverResidentBytesPerConnection {
            rows.append(("server memory", "\(Table.number(serverResidentBytesPerConnection, 0)) bytes per connection"))
        }
        if let serverCPUWhileIdle {
            rows.append(("server CPU while idle", "\(Table.number(100 * serverCPUWhileIdle, 2)) % of one CPU"))
        }
        return rows
    }
}

/// Drives the connections of an idle run.
final class IdleLoad: LinkObserver {
    private let closesAtOnce: Bool
    private var loop: LoadLoop<IdleLoad>?
    private var logins = Histogram()
    private var readyCount = 0
    private var resumedCount = 0
    private var closedCount = 0
    private var failure: String?
    /// Links to close after the wake-up in which they logged in.
    private var done: [Link] = []

    init(closesAtOnce: Bool) {
        self.closesAtOnce = closesAtOnce
    }

    func run(
        _ count: Int, _ concurrency: Int, hold: Duration, _ login: LoginPlan, _ target: String, server: Int32?
    ) throws -> IdleReport {
        let loop = LoadLoop(login, observer: self)
        self.loop = loop
        defer { self.loop = nil }
        var random = SystemRandomNumberGenerator()
        let usage = server.flatMap { ProcessUsage(process: $0) }
        let kernelMemory = ProcessUsage.kernelMemory
        let ownCPU = ProcessUsage.ownCPU
        let start = Sockets.now()
        var settling: (count: Int, residentBytes: Double)?
        while readyCount < count {
            // What the first logins wake up in the server is not theirs.
            if settling == nil, readyCount >= concurrency, let server, let usage = ProcessUsage(process: server) {
                settling = (readyCount, usage.residentBytes)
            }
            while loop.links.count < count, loop.links.count - readyCount < concurrency {
                try loop.connect(NodePrivateKey(using: &random))
            }
            loop.wakeUp(within: 100)
            for link in done { loop.close(link, "done") }
            done = []
            if let failure { throw BenchFailure(failure) }
            guard (Sockets.now() - start) < .seconds(30) + .milliseconds(5 * count) else {
                throw BenchFailure("only \(readyCount) of \(count) connections logged in")
            }
        }
        let seconds = (Sockets.now() - start).inSeconds
        let connectCPU = ProcessUsage.ownCPU - ownCPU
        let connected = server.flatMap { ProcessUsage(process: $0) }
        wait(.seconds(1), loop)
        let settled = server.flatMap { ProcessUsage(process: $0) }
        wait(hold, loop)
        let held = server.flatMap { ProcessUsage(process: $0) }
        var report = IdleReport(
            target: target, connections: count, resumed: resumedCount, closedByServer: closedCount,
            connectsPerSecond: Double(count) / seconds, loginP50Microseconds: logins.percentile(0.5),
            loginP99Microseconds: logins.percentile(0.99), generatorMillisecondsPerConnect: connectCPU / 1e6 / Double(count),
            kernelBytesPerConnection: (ProcessUsage.kernelMemory - kernelMemory) / Double(count))
        if let usage, let connected, let settled, let held {
            report.serverMillisecondsPerConnect = connected.since(usage).cpuNanoseconds / 1e6 / Double(count)
            report.serverCPUWhileIdle = held.since(settled).cpuNanoseconds / 1e9 / max(0.001, hold.inSeconds)
            if !closesAtOnce, let settling, settling.count < count {
                report.serverResidentBytesPerConnection =
                    (settled.residentBytes - settling.residentBytes) / Double(count - settling.count)
            }
        }
        return report
    }

    private func wait(_ duration: Duration, _ loop: LoadLoop<IdleLoad>) {
        let end = Sockets.now() + duration
        while Sockets.now() < end { loop.wakeUp(within: 100) }
    }

    func becameReady(_ link: Link, at now: Instant) {
        readyCount += 1
        if link.isResumed { resumedCount += 1 }
        logins.record((now - link.startedAt).nanoseconds)
        if closesAtOnce { done.append(link) }
    }

    func packetReceived(_ link: Link, _ data: RawSpan, at now: Instant) {}

    func becameWritable(_ link: Link) {}

    func closed(_ link: Link, _ reason: String) {
        guard reason != "done" else { return }
        closedCount += 1
        if readyCount < (loop?.links.count ?? 0) { failure = "connection \(link.index) ended: \(reason)" }
    }
}

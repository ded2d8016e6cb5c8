internal import ArgumentParser
internal import Coordination
internal import TLS
internal import Wire

/// Loads a coordination server and measures registrations, updates and the fan-out to streams.
struct CoordinationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordination", abstract: "Load a coordination server.",
        discussion: """
            The nodes stay registered: use a server of its own, or an ephemeral join key. The server's limits of requests and of nodes have \
            to be raised for it (limits.requests-per-second, limits.anonymous-requests-per-second, limits.node-requests-per-second \
            and their bursts).
            """)

    @Argument(help: "The join line that `causeway-server invite --reusable` prints.")
    var joinLine: String

    @Option(help: "Nodes to register.")
    var nodes = 500

    @Option(help: "Candidate updates, by all nodes in turn.")
    var updates = 2000

    @Option(help: "Open streams, one per node; at most as many as nodes.")
    var streams = 500

    @Option(help: "Updates that all streams have to hear of.")
    var broadcasts = 20

    @Option(help: "Requests on their way at once.")
    var workers = 8

    @Option(name: .customLong("server-pid"), help: "The server's process on this machine: its CPU time is reported.")
    var serverProcess: Int32?

    func run() throws {
        Sockets.raiseDescriptorLimit()
        let line = try JoinLine(parsing: joinLine)
        let proof =
            line.certificateDigest.flatMap { CertificatePin(digest: $0) }.map { TLSPeer.Proof.pin($0) } ?? .name(line.host)
        let peer = TLSPeer(host: line.host, proof: proof)
        let login = try LoginPlan(
            endpoint: Sockets.resolve(line.host, line.port), authority: line.host.contains(":") ? "[\(line.host)]" : line.host,
            context: !line.isPlainHTTP ? TLSContext(clientTrusting: []) : nil, peer: !line.isPlainHTTP ? peer : nil)
        let load = CoordinationLoad(login, line.joinKey)
        let before = serverProcess.flatMap { ProcessUsage(process: $0) }
        let registered = try load.register(nodes, workers: workers)
        let middle = serverProcess.flatMap { ProcessUsage(process: $0) }
        let published = try load.publish(updates, registered.nodes, workers: workers)
        let after = serverProcess.flatMap { ProcessUsage(process: $0) }
        let fanOut = try load.fanOut(Array(published.nodes.prefix(streams)), updates: broadcasts)
        var report = CoordinationReport(
            target: "\(line.host):\(line.port)", nodes: nodes, registrationsPerSecond: Double(nodes) / registered.seconds,
            registrationP99Microseconds: registered.latency.percentile(0.99),
            updatesPerSecond: Double(updates) / published.seconds,
            updateP99Microseconds: published.latency.percentile(0.99), streams: min(streams, nodes),
            fanOutP50Microseconds: fanOut.latency.percentile(0.5), fanOutP99Microseconds: fanOut.latency.percentile(0.99),
            missing: fanOut.missing)
        if let before, let middle, let after {
            report.serverMillisecondsPerRegistration = middle.since(before).cpuNanoseconds / 1e6 / Double(nodes)
            report.serverMillisecondsPerUpdate = after.since(middle).cpuNanoseconds / 1e6 / Double(updates)
        }
        try Table.print("\(report.target): \(nodes) nodes, \(updates) updates, \(report.streams) streams", report.rows, report)
    }
}

internal import ArgumentParser
internal import Wire

/// Loads a STUN server with binding requests.
struct STUNCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "stun", abstract: "Load a STUN server with binding requests.")

    @Option(help: "The server, HOST:PORT.")
    var target: String

    @Option(help: "Sockets to send from.")
    var sockets = 16

    @Option(help: "Requests of a socket on their way at once.")
    var window = 16

    @Option(help: "How long to measure.")
    var seconds = 5.0

    @Option(help: "How long to run before that.")
    var warmUp = 1.0

    @Flag(help: "Send requests of 20 bytes, which a server that must not amplify may hold back.")
    var bare = false

    @Option(name: .customLong("server-pid"), help: "The server's process on this machine: its CPU time is reported.")
    var serverProcess: Int32?

    func run() throws {
        Sockets.raiseDescriptorLimit()
        guard let colon = target.lastIndex(of: ":"), let port = UInt16(target[target.index(after: colon)...]) else {
            throw ValidationError("--target is HOST:PORT")
        }
        let host = target[..<colon].trimmingPrefix("[")
        let endpoint = try Sockets.resolve(String(host.hasSuffix("]") ? host.dropLast() : host), port)
        let load = try STUNLoad(endpoint, sockets: sockets, window: window, isBare: bare)
        load.turn(.seconds(warmUp))
        load.resetCounters()
        let usage = serverProcess.flatMap { ProcessUsage(process: $0) }
        let ownCPU = ProcessUsage.ownCPU
        let start = Sockets.now()
        load.turn(.seconds(seconds))
        let elapsed = (Sockets.now() - start).inSeconds
        let answers = Double(max(1, load.answers))
        var report = STUNReport(
            target: target, sockets: sockets, window: window, requestsPerSecond: Double(load.answers) / elapsed, lost: load.lost,
            p50Microseconds: load.latency.percentile(0.5), p99Microseconds: load.latency.percentile(0.99),
            generatorMicrosecondsPerRequest: (ProcessUsage.ownCPU - ownCPU) / 1000 / answers)
        if let usage, let serverProcess, let now = ProcessUsage(process: serverProcess) {
            let server = now.since(usage)
            report.serverMicrosecondsPerRequest = server.cpuNanoseconds / 1000 / answers
            report.serverUserPart = server.userPart
        }
        try Table.print("\(target): \(sockets) sockets, \(window) in flight each", report.rows, report)
    }
}

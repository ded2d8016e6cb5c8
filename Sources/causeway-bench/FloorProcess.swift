internal import ArgumentParser
internal import Foundation
internal import TLS
internal import Wire

/// The floor's relay as a process of its own, so that its CPU time can be told from the generator's.
struct FloorServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "floor-server", shouldDisplay: false)

    @Flag var plainHTTP = false

    func run() throws {
        Sockets.raiseDescriptorLimit()
        let (listener, endpoint) = try Sockets.listenOnLoopback()
        let context =
            plainHTTP
            ? nil : try TLSContext(server: TLSIdentity.selfSigned(names: ["localhost"], addresses: [endpoint.address]))
        print(endpoint)
        fflush(nil)
        try FloorRelay(listener: listener, context: context).run()
    }
}

/// A running floor relay; it ends with this value.
final class FloorProcess {
    private let process = Process()
    let endpoint: Endpoint
    var processIdentifier: Int32 { process.processIdentifier }

    init(isPlain: Bool) throws {
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["floor-server"] + (isPlain ? ["--plain-http"] : [])
        process.standardOutput = pipe
        try process.run()
        let line = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        guard let endpoint = Endpoint(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            process.terminate()
            throw BenchFailure("the floor's relay did not start")
        }
        self.endpoint = endpoint
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// How a load generator reaches it.
    func loginPlan(isPlain: Bool) throws -> LoginPlan {
        try LoginPlan(
            endpoint: endpoint, authority: "", context: isPlain ? nil : TLSContext(clientTrusting: [], usesSystemRoots: false),
            peer: isPlain ? nil : TLSPeer(host: endpoint.address.description, proof: .nothing), isRaw: true)
    }

    /// Runs a load of pairs over it.
    static func measure(_ plan: LoadPlan, isPlain: Bool) throws -> LoadReport {
        guard plan.pattern == .pairs else { throw ValidationError("the floor knows pairs only") }
        let process = try FloorProcess(isPlain: isPlain)
        let login = try process.loginPlan(isPlain: isPlain)
        let result = try RelayLoad().run(plan, login, server: process.processIdentifier)
        return LoadReport("floor", target: "floor", plan, result)
    }
}

/// Measures what this machine could do at best: the same records opened, sealed, received and sent, without a relay's logic.
struct FloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor", abstract: "Measure the least that relaying could cost on this machine.")

    @OptionGroup var load: LoadOptions

    @Flag(help: "Without TLS.")
    var plainHTTP = false

    func run() throws {
        Sockets.raiseDescriptorLimit()
        let report = try FloorProcess.measure(load.plan, isPlain: plainHTTP)
        try Table.print(report.title, report.rows, report)
    }
}

internal import ArgumentParser
internal import Client

/// Examines the network that this machine is in.
struct NetcheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netcheck", abstract: "Reports UDP, addresses, the NAT's behaviour and the relay's latency.",
        discussion: "Works with a running node or without one, from its state.")

    @OptionGroup var node: NodeArguments

    func run() async throws {
        try await reportingFailures {
            let report = try await check()
            if node.json {
                try Output.json(report)
            } else {
                Output.line(report.text)
            }
        }
    }

    /// Asks the node if it runs, since it has measured some things over time; else looks from here.
    private func check() async throws -> NetworkReport {
        do {
            return try await node.control.checkNetwork()
        } catch let failure as NodeFailure where failure.kind == .notRunning {
            return try await LocalNode.checkNetwork(state: node.directory)
        }
    }
}

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
            let report = try await LocalNode.checkNetwork(state: node.directory)
            if node.json {
                try Output.json(report)
            } else {
                Output.line(report.text)
            }
        }
    }
}

internal import ArgumentParser
internal import Client

/// Stops the node.
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stops the running node. `causeway up` starts it again.")

    @OptionGroup var node: NodeArguments

    func run() async throws {
        try await reportingFailures {
            try await node.control.stop()
            if node.json { try Output.json(["stopped": true]) }
        }
    }
}

/// Leaves the network.
struct LeaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave", abstract: "Leaves the network for good, forgets the keys and stops the node.")

    @OptionGroup var node: NodeArguments

    func run() async throws {
        try await reportingFailures {
            try await node.control.leave()
            if node.json { try Output.json(["left": true]) }
        }
    }
}

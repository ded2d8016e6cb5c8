internal import ArgumentParser
internal import Client

/// Measures the way to a peer.
struct PingCommand: AsyncParsableCommand {
    /// Requests sent when neither a count nor --until-direct is given.
    private static let defaultCount = 4

    static let configuration = CommandConfiguration(
        commandName: "ping", abstract: "Sends echo requests to a peer and prints one line per reply with the way it came.",
        discussion:
            "Exits with 0 when it was answered (with --until-direct: directly), 2 without any answer, 7 when all came by relay.")

    @Argument(help: "The peer's name or node key.")
    var peer: String

    @OptionGroup var node: NodeArguments

    @Flag(help: "Go on until a reply comes directly.")
    var untilDirect = false

    @Option(help: "Requests to send; 4 without --until-direct.")
    var count: Int?

    @Option(help: "Seconds until it gives up.")
    var timeout: Double = 30

    func run() async throws {
        try await reportingFailures {
            let count = count ?? (untilDirect ? nil : Self.defaultCount)
            let request = PingRequest(peer: peer, count: count, untilDirect: untilDirect, timeout: timeout)
            try await node.control.ping(request) { reply in
                if node.json {
                    // A reply always encodes.
                    try? Output.json(reply)
                } else {
                    let path = reply.endpoint.map { "via \($0) direct" } ?? "via relay"
                    Output.line("reply from \(reply.peer): \(path) \(Milliseconds.text(reply.milliseconds))")
                }
            }
        }
    }
}

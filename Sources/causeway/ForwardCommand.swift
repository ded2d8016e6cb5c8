internal import ArgumentParser
internal import Client

/// Gives UDP applications the way to a peer.
struct ForwardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "Carries UDP datagrams from a local address to a port of a peer, and back, until stopped.",
        discussion: "The peer's owner decides what is reachable: `causeway up … --allow udp/PORT`.")

    @OptionGroup var node: NodeArguments

    @Option(help: "The local ADDRESS:PORT that applications send to; port 0 picks a free one.")
    var listen: String

    @Option(help: "The peer's name or node key.")
    var peer: String

    @Option(help: "The port of the peer, as PORT or 127.0.0.1:PORT.")
    var to: String

    func run() async throws {
        try await reportingFailures {
            let request = ForwardRequest(listen: listen, peer: peer, port: try port())
            try await node.control.forward(request) { endpoint in
                if node.json {
                    // Two strings always encode.
                    try? Output.json(["listening": endpoint, "peer": peer])
                } else {
                    Output.line("listening on \(endpoint), forwarding to \(peer) udp/\(request.port)")
                }
            }
        }
    }

    private func port() throws(NodeFailure) -> UInt16 {
        let parts = to.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let port = parts.last.flatMap({ UInt16($0) }), port > 0 else {
            throw NodeFailure(.invalidArgument, "\(to) is no port to forward to: write --to PORT or --to 127.0.0.1:PORT")
        }
        guard parts.count == 1 || parts[0] == "127.0.0.1" || parts[0] == "localhost" else {
            throw NodeFailure(
                .invalidArgument,
                "the peer's owner decides where a port leads: use --to 127.0.0.1:\(port) here and --allow udp/\(port)=\(to) there"
            )
        }
        return port
    }
}

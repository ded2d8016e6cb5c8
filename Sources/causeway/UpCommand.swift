internal import ArgumentParser
internal import Client
internal import Dispatch
internal import Glibc
internal import Logging

/// Runs the node in the foreground.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Joins a network and stays connected until it is stopped.",
        discussion: "Without LINE it goes on as the node that it is already.")

    @Argument(help: "The join line that `causeway-server invite` prints, in quotes.")
    var line: String?

    @OptionGroup var node: NodeArguments

    @Option(help: "This node's name; the host's name if it is not given.")
    var name: String?

    @Option(
        help:
            "A port that peers may reach: udp/PORT delivers to 127.0.0.1:PORT, udp/PORT=ADDRESS:PORT elsewhere. May be repeated.")
    var allow: [String] = []

    @Flag(help: "Offer and probe loopback addresses too: several nodes on one machine, for development.")
    var loopback = false

    @Flag(help: "Do not ask the gateway for a port mapping (PCP, NAT-PMP, UPnP).")
    var noPortMapping = false

    @Option(help: "The UDP port for direct traffic; a free one if it is not given.")
    var port: UInt16 = 0

    @Option(help: "An ADDRESS:PORT at which a forward made by hand leads here. May be repeated.")
    var endpoint: [String] = []

    @Flag(
        help: """
            Where both sides' NATs hand out ports at random, search for half an hour, 100 packets a second, if the peer has this flag \
            too: a chance of 1 in 5, and 3,000 entries in the gateway's table. `causeway status --why` shows the odds.
            """)
    var exhaustive = false

    @Option(help: "The least severe kind of log lines on standard error.")
    var logLevel = LogLevel.notice

    func run() async throws {
        // What the node writes and listens on is its owner's alone.
        umask(0o077)
        try await reportingFailures {
            LoggingSystem.bootstrap { [logLevel] label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = logLevel.level
                return handler
            }
            let local = try LocalNode(
                NodeOptions(
                    state: node.directory, joinLine: line, name: name, allowed: try allow.map { try AllowedPort($0) },
                    allowsLoopback: loopback, mapsPorts: !noPortMapping, port: port, endpoints: endpoint,
                    searchesPorts: exhaustive))
            let signals = Self.stop(local, on: [SIGINT, SIGTERM])
            defer { for signal in signals { signal.cancel() } }
            try await local.run { [json = node.json] status in
                if json {
                    // A status always encodes.
                    try? Output.json(status)
                } else {
                    Output.line(
                        "\(status.name) is up in network \(status.network) at \(status.server), \(status.peers.count) peers")
                }
            }
        }
    }

    /// Has the node end in order when one of the signals comes.
    private static func stop(_ local: LocalNode, on signals: [Int32]) -> [any DispatchSourceSignal] {
        signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { local.stop() }
            source.resume()
            return source
        }
    }
}

/// The kinds of log lines, as `--log-level` names them.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

internal import ArgumentParser
internal import TLS
internal import Wire

/// Measures what a connection costs a relay until its client has logged in, in relation to a bare accept loop.
struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Measure what logging in costs, with full and with resumed handshakes.",
        discussion: """
            Each round opens and closes the same number of connections to the relay and to a bare loop of this program, which accepts, \
            does the TLS handshake and reads a few bytes. The server's CPU time includes the end of the connections.
            """)

    @OptionGroup var relay: RelayOptions

    @Option(help: "Connections of each kind and round.")
    var connections = 500

    @Option(help: "Logins under way at once.")
    var concurrency = 32

    @Option(help: "How often each is measured.")
    var rounds = 5

    func run() throws {
        Sockets.raiseDescriptorLimit()
        guard let process = relay.serverProcess else { throw ValidationError("--server-pid is needed") }
        let login = try relay.loginPlan()
        guard let peer = login.peer, IPAddress(peer.host) != nil, relay.insecure || relay.pin != nil else {
            throw ValidationError("full handshakes need https: and an address in --url, and --pin or --insecure")
        }
        let floor = try FloorProcess(isPlain: false)
        let bare = try floor.loginPlan(isPlain: false)
        var report = ConnectReport(target: relay.url, connections: connections)
        for _ in 0..<rounds {
            for isResumed in [false, true] {
                let least = try measure(bare, isResumed, floor.processIdentifier)
                let own = try measure(login, isResumed, process)
                report.add(own, least, isResumed: isResumed)
            }
        }
        try Table.print("\(relay.url): \(rounds) rounds of \(connections) connections, medians", report.rows, report)
    }

    /// The CPU milliseconds of a server per connection.
    private func measure(_ login: LoginPlan, _ isResumed: Bool, _ process: Int32) throws -> Double {
        var login = login
        login.clients = isResumed ? concurrency : .max
        let report = try IdleLoad(closesAtOnce: true).run(
            connections, concurrency, hold: .zero, login, relay.url, server: process)
        // The first connection of a round may be the one that brings the ticket.
        guard !isResumed || report.resumed > connections / 2 else { throw BenchFailure("the server resumes no sessions") }
        guard let milliseconds = report.serverMillisecondsPerConnect else {
            throw BenchFailure("process \(process) cannot be measured")
        }
        return milliseconds
    }
}

/// The figures of the rounds of logins: CPU milliseconds of the server per connection.
struct ConnectReport: Encodable {
    var command = "connect"
    var target: String
    var connections: Int
    var full = Spread()
    var resumed = Spread()
    var floorFull = Spread()
    var floorResumed = Spread()
    /// The relay in relation to the bare loop, round by round.
    var fullRatio = Spread()
    var resumedRatio = Spread()

    init(target: String, connections: Int) {
        self.target = target
        self.connections = connections
    }

    mutating func add(_ own: Double, _ least: Double, isResumed: Bool) {
        if isResumed {
            resumed.add(own)
            floorResumed.add(least)
            resumedRatio.add(own / least)
        } else {
            full.add(own)
            floorFull.add(least)
            fullRatio.add(own / least)
        }
    }

    var rows: [(String, String)] {
        [
            ("full handshake", "\(full.text(3)) ms; bare loop \(floorFull.text(3)) ms; ratio \(fullRatio.text(2))"),
            ("resumed", "\(resumed.text(3)) ms; bare loop \(floorResumed.text(3)) ms; ratio \(resumedRatio.text(2))"),
        ]
    }
}

internal import ArgumentParser
internal import CryptoBox
internal import Glibc
internal import Wire

/// Measures how much a flood of handshakes that are never finished delays an honest login.
struct FloodCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood", abstract: "Measure logins beside a flood of half-open handshakes.",
        discussion: """
            Every connection of the flood says hello, lets the server do its part of the TLS handshake, and then falls silent; the oldest \
            ends when there are more than --open. A relay on loopback is flooded from 250 addresses, any other from one.
            """)

    @OptionGroup var relay: RelayOptions

    @Option(help: "Handshakes begun per second.")
    var rate = 300.0

    @Option(help: "Half-open connections at once.")
    var open = 1000

    @Option(help: "How long to measure, without the flood and with it.")
    var seconds = 5.0

    func run() throws {
        Sockets.raiseDescriptorLimit()
        var login = try relay.loginPlan()
        login.clients = .max
        let isLoopback = login.endpoint.address.ipv4.map { $0 >> 24 == 127 } ?? false
        let calm = try FloodLoad(login, isLoopback: isLoopback).run(.seconds(seconds), rate: 0, open: 0)
        let flooded = try FloodLoad(login, isLoopback: isLoopback).run(.seconds(seconds), rate: rate, open: open)
        let report = FloodReport(target: relay.url, rate: rate, calm, flooded)
        try Table.print("\(relay.url): \(Table.number(rate, 0)) half-open handshakes per second", report.rows, report)
    }
}

/// The figures of a flood.
struct FloodReport: Encodable {
    var command = "flood"
    var target: String
    var offeredPerSecond: Double
    var begunPerSecond: Double
    var logins: Int
    var failed: Int
    var calmP50Microseconds: Double?
    var calmP99Microseconds: Double?
    var floodedP50Microseconds: Double?
    var floodedP99Microseconds: Double?

    init(target: String, rate: Double, _ calm: FloodLoad.Result, _ flooded: FloodLoad.Result) {
        self.target = target
        offeredPerSecond = rate
        begunPerSecond = Double(flooded.begun) / flooded.seconds
        logins = flooded.loginCount
        failed = flooded.failed
        calmP50Microseconds = calm.logins.percentile(0.5)
        calmP99Microseconds = calm.logins.percentile(0.99)
        floodedP50Microseconds = flooded.logins.percentile(0.5)
        floodedP99Microseconds = flooded.logins.percentile(0.99)
    }

    var rows: [(String, String)] {
        [
            ("flood", "\(Table.number(begunPerSecond, 0)) handshakes begun per second"),
            ("login p50 / p99 without it", Table.microseconds([calmP50Microseconds, calmP99Microseconds])),
            ("login p50 / p99 beside it", Table.microseconds([floodedP50Microseconds, floodedP99Microseconds])),
            ("logins, failed", "\(logins), \(failed)"),
        ]
    }
}

/// One honest login after the other, and the flood beside them, on one thread.
final class FloodLoad: LinkObserver {
    struct Result {
        var logins = Histogram()
        var loginCount = 0
        var failed = 0
        var begun = 0
        var seconds = 0.0
    }

    private let login: LoginPlan
    private let isLoopback: Bool
    private var random = SystemRandomNumberGenerator()
    private var result = Result()
    /// The login under way, and what has become of it.
    private var honest: Link?
    private var isDone = false

    init(_ login: LoginPlan, isLoopback: Bool) {
        self.login = login
        self.isLoopback = isLoopback
    }

    func run(_ duration: Duration, rate: Double, open: Int) throws -> Result {
        let loop = LoadLoop(login, observer: self)
        let start = Sockets.now()
        var halfOpen: [Link] = []
        while true {
            let elapsed = (Sockets.now() - start).inSeconds
            guard elapsed < duration.inSeconds else { break }
            while Double(result.begun) < elapsed * rate {
                let link = try loop.connect(NodePrivateKey(using: &random), from: source(result.begun))
                link.isStalled = true
                halfOpen.append(link)
                result.begun += 1
            }
            while halfOpen.count > open { loop.close(halfOpen.removeFirst(), "enough") }
            if let link = honest {
                if isDone || link.isClosed {
                    if !link.isClosed { loop.close(link, "done") }
                    honest = nil
                }
            } else {
                isDone = false
                honest = try loop.connect(NodePrivateKey(using: &random))
            }
            loop.wakeUp(within: 1)
        }
        result.seconds = (Sockets.now() - start).inSeconds
        return result
    }

    /// Where a connection of the flood comes from; nil leaves it to the system.
    private func source(_ number: Int) -> IPAddress? {
        isLoopback ? IPAddress(127, 0, 1, UInt8(1 + number % 250)) : nil
    }

    func becameReady(_ link: Link, at now: Instant) {
        guard link === honest else { return }
        result.loginCount += 1
        result.logins.record((now - link.startedAt).nanoseconds)
        isDone = true
    }

    func packetReceived(_ link: Link, _ data: RawSpan, at now: Instant) {}

    func becameWritable(_ link: Link) {}

    func closed(_ link: Link, _ reason: String) {
        if link === honest, !isDone { result.failed += 1 }
    }
}

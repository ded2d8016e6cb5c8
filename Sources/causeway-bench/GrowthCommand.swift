internal import ArgumentParser

/// Measures how the cost of a packet grows with the number of pairs that share the same load.
struct GrowthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth", abstract: "Measure what a packet costs with more and more pairs at the same load.",
        discussion: """
            The packets are paced, so that with every number of pairs each packet has a wake-up and system calls of its own: what grows is \
            what the relay and the kernel have to do for it. The floor is measured beside it, round by round.
            """)

    @OptionGroup var relay: RelayOptions

    @Option(help: "Numbers of pairs; ratios are to the first.")
    var counts: [Int] = [10, 100, 1000]

    @Option(help: "Packets per second of all pairs together.")
    var rate = 10_000.0

    @Option(help: "Bytes of data in a packet, 24…65536.")
    var size = 1400

    @Option(help: "How long to measure each.")
    var seconds = 3.0

    @Option(help: "How often each is measured.")
    var rounds = 3

    func run() throws {
        Sockets.raiseDescriptorLimit()
        guard let process = relay.serverProcess else { throw ValidationError("--server-pid is needed") }
        let login = try relay.loginPlan()
        var reports = counts.map { GrowthReport(target: relay.url, pairs: $0, offeredPerSecond: rate) }
        for _ in 0..<rounds {
            var first: (own: Double, least: Double)?
            for index in counts.indices {
                let plan = LoadPlan(count: counts[index], size: size, rate: rate, duration: .seconds(seconds))
                let floor = try FloorProcess.measure(plan, isPlain: login.context == nil)
                let own = LoadReport("growth", target: relay.url, plan, try RelayLoad().run(plan, login, server: process))
                guard let cost = own.serverMicrosecondsPerPacket, let least = floor.serverMicrosecondsPerPacket else {
                    throw BenchFailure("process \(process) cannot be measured")
                }
                let origin = first ?? (cost, least)
                first = origin
                reports[index].cost.add(cost)
                reports[index].growth.add(cost / origin.own)
                reports[index].floorCost.add(least)
                reports[index].floorGrowth.add(least / origin.least)
                reports[index].fairness.add(own.fairness)
            }
        }
        try Table.print("\(relay.url): \(rate) packets/s in all, \(rounds) rounds", reports.map(\.row), reports)
    }
}

/// What a packet costs with so many pairs, in CPU microseconds of the server, and in relation to the fewest pairs of the same round.
struct GrowthReport: Encodable {
    var command = "growth"
    var target: String
    var pairs: Int
    var offeredPerSecond: Double
    var cost = Spread()
    var growth = Spread()
    var floorCost = Spread()
    var floorGrowth = Spread()
    var fairness = Spread()

    init(target: String, pairs: Int, offeredPerSecond: Double) {
        self.target = target
        self.pairs = pairs
        self.offeredPerSecond = offeredPerSecond
    }

    var row: (String, String) {
        (
            "\(pairs) pairs",
            "\(cost.text(2)) µs per packet, growth \(growth.text(2)); floor \(floorCost.text(2)) µs, \(floorGrowth.text(2)); "
                + "fairness \(fairness.text(4))"
        )
    }
}

internal import ArgumentParser

/// Loads a relay with packets and measures what a packet costs.
struct RelayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "relay", abstract: "Load a DERP relay with packets.")

    @OptionGroup var relay: RelayOptions
    @OptionGroup var load: LoadOptions

    @Flag(help: "Measure the floor as well, the least this machine could do, and print the ratio.")
    var floor = false

    @Flag(help: "Count the server's system calls too (needs root and --server-pid); each gets a little slower by that.")
    var systemCalls = false

    @Flag(help: "Find the ceiling, then offer 50, 100, 150, 200 and 300 % of it.")
    var overload = false

    func run() throws {
        Sockets.raiseDescriptorLimit()
        let login = try relay.loginPlan()
        guard overload else {
            let report = try measure(load.plan, login, "relay")
            var rows = report.rows
            if floor { rows.append(try compareToFloor(report)) }
            return try Table.print(report.title, rows, report)
        }
        var plan = load.plan
        plan.rate = nil
        plan.hasPolitePair = true
        let ceiling = try measure(plan, login, "overload-ceiling")
        try Table.print("ceiling, \(ceiling.title)", ceiling.rows, ceiling)
        for part in [0.5, 1.0, 1.5, 2.0, 3.0] {
            plan.rate = part * ceiling.packetsPerSecond
            let report = try measure(plan, login, "overload-\(Int(100 * part))")
            let share = Table.number(100 * report.packetsPerSecond / ceiling.packetsPerSecond, 1)
            try Table.print(
                "\(Int(100 * part)) % offered, \(report.title)", report.rows + [("delivered of the ceiling", "\(share) %")],
                report)
        }
    }

    private func compareToFloor(_ report: LoadReport) throws -> (String, String) {
        let floor = try FloorProcess.measure(load.plan, isPlain: relay.url.hasPrefix("http:"))
        try Table.printRecord(floor)
        guard let own = report.serverMicrosecondsPerPacket, let least = floor.serverMicrosecondsPerPacket else {
            return ("throughput / floor", Table.number(report.packetsPerSecond / floor.packetsPerSecond, 3))
        }
        return ("server CPU / floor", "\(Table.number(own / least, 3)) (the floor is \(Table.number(least, 2)) µs per packet)")
    }

    private func measure(_ plan: LoadPlan, _ login: LoginPlan, _ name: String) throws -> LoadReport {
        let result = try RelayLoad().run(plan, login, server: relay.serverProcess, countsCalls: systemCalls)
        return LoadReport(name, target: relay.url, plan, result)
    }
}

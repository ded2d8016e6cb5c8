internal import ArgumentParser

/// Loads several relays in turn, round after round, and compares medians: what disturbs one round disturbs all of them alike.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Load several relays in turn and compare them.",
        discussion: """
            A relay is NAME=URL, followed by ,pid=N for its process and ,pin=sha256-raw:HEX or ,insecure for its certificate. The name \
            floor alone stands for the least this machine could do; floor-plain for that without TLS.
            """)

    @Argument(help: "Relays to compare; ratios are to the first.")
    var relays: [String]

    @OptionGroup var load: LoadOptions

    @Option(help: "How often each is loaded.")
    var rounds = 5

    func run() throws {
        Sockets.raiseDescriptorLimit()
        let contestants = try relays.map(Contestant.init)
        var reports = [[LoadReport]](repeating: [], count: contestants.count)
        for _ in 0..<rounds {
            for (index, contestant) in contestants.enumerated() {
                let report = try contestant.measure(load.plan)
                try Table.printRecord(report)
                reports[index].append(report)
            }
        }
        let first = reports[0]
        let results = zip(contestants, reports).map { contestant, reports in
            ComparisonReport(contestant.name, reports, first)
        }
        try Table.print("\(rounds) rounds, medians", results.map { ($0.target, $0.text) }, results)
    }
}

/// One relay of a comparison.
struct Contestant {
    let name: String
    private let target: BenchTarget?
    private let process: Int32?
    private let isPlain: Bool

    init(_ text: String) throws {
        guard let equals = text.firstIndex(of: "=") else {
            guard text == "floor" || text == "floor-plain" else {
                throw ValidationError("\(text): write NAME=URL[,pid=N][,pin=…], or floor")
            }
            (name, target, process, isPlain) = (text, nil, nil, text == "floor-plain")
            return
        }
        let parts = text[text.index(after: equals)...].split(separator: ",").map(String.init)
        let value = { (name: String) in parts.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) } }
        name = String(text[..<equals])
        process = value("pid").flatMap { Int32($0) }
        isPlain = false
        target = try BenchTarget(url: parts.first ?? "", pin: value("pin"), isInsecure: parts.contains("insecure"))
    }

    func measure(_ plan: LoadPlan) throws -> LoadReport {
        guard let target else { return try FloorProcess.measure(plan, isPlain: isPlain) }
        let result = try RelayLoad().run(plan, target.loginPlan(), server: process)
        return LoadReport("compare", target: name, plan, result)
    }
}

/// The medians of one relay, and its ratio to the first in the same round.
struct ComparisonReport: Encodable {
    var command = "comparison"
    var target: String
    var packetsPerSecond: Spread
    var serverMicrosecondsPerPacket: Spread
    var serverToGenerator: Spread
    var p99Microseconds: Spread
    /// CPU time per packet in relation to the first relay's in the same round.
    var ratio: Spread

    init(_ name: String, _ reports: [LoadReport], _ first: [LoadReport]) {
        target = name
        packetsPerSecond = Spread(reports.map(\.packetsPerSecond))
        serverMicrosecondsPerPacket = Spread(reports.compactMap(\.serverMicrosecondsPerPacket))
        serverToGenerator = Spread(reports.compactMap(\.serverToGenerator))
        p99Microseconds = Spread(reports.compactMap(\.p99Microseconds))
        ratio = Spread(
            zip(reports, first).compactMap { report, first in
                guard let own = report.serverMicrosecondsPerPacket, let other = first.serverMicrosecondsPerPacket else {
                    return nil
                }
                return own / other
            })
    }

    var text: String {
        var text = "\(packetsPerSecond.text(0)) packets/s, p99 \(p99Microseconds.text(0)) µs"
        if serverMicrosecondsPerPacket.median != nil {
            text += ", \(serverMicrosecondsPerPacket.text(2)) µs per packet"
            text += ", \(serverToGenerator.text(3)) × the generator, ratio \(ratio.text(3))"
        }
        return text
    }
}

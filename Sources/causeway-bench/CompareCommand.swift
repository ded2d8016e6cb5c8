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
struct ComparisonReport: Codable {
    var command = "comparison"
    var target: String
    var packetsPerSecond: Double
    var serverMicrosecondsPerPacket: Double?
    var serverToGenerator: Double?
    var p99Microseconds: Double?
    /// CPU time per packet in relation to the first relay's: median, least and greatest over the rounds.
    var ratio: Double?
    var ratioLeast: Double?
    var ratioGreatest: Double?

    init(_ name: String, _ reports: [LoadReport], _ first: [LoadReport]) {
        target = name
        packetsPerSecond = Self.median(reports.map(\.packetsPerSecond)) ?? 0
        serverMicrosecondsPerPacket = Self.median(reports.compactMap(\.serverMicrosecondsPerPacket))
        serverToGenerator = Self.median(reports.compactMap(\.serverToGenerator))
        p99Microseconds = Self.median(reports.compactMap(\.p99Microseconds))
        let ratios = zip(reports, first).compactMap { report, first -> Double? in
            guard let own = report.serverMicrosecondsPerPacket, let other = first.serverMicrosecondsPerPacket else { return nil }
            return own / other
        }
        ratio = Self.median(ratios)
        ratioLeast = ratios.min()
        ratioGreatest = ratios.max()
    }

    var text: String {
        var text = "\(Table.number(packetsPerSecond, 0)) packets/s, p99 \(Table.microseconds([p99Microseconds]))"
        if let serverMicrosecondsPerPacket, let serverToGenerator {
            text += ", \(Table.number(serverMicrosecondsPerPacket, 2)) µs per packet"
            text += ", \(Table.number(serverToGenerator, 3)) × the generator"
        }
        if let ratio, let ratioLeast, let ratioGreatest {
            text += ", ratio \(Table.number(ratio, 3)) (\(Table.number(ratioLeast, 2))…\(Table.number(ratioGreatest, 2)))"
        }
        return text
    }

    private static func median(_ values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

internal import Foundation

/// The figures of one load run, as they are printed.
struct LoadReport: Codable {
    var command: String
    var target: String
    var pattern: String
    var flows: Int
    var size: Int
    var window: Int?
    var offeredPerSecond: Double?
    var seconds: Double
    var packetsPerSecond: Double
    var megabytesPerSecond: Double
    /// Lost of all that was sent, 0…1.
    var loss: Double
    /// Packets of paced flows that waited at the sender because the relay pushed back.
    var held: Int
    var fairness: Double
    var p50Microseconds: Double?
    var p99Microseconds: Double?
    var p999Microseconds: Double?
    var politeP50Microseconds: Double?
    var politeP99Microseconds: Double?
    var politeLoss: Double?
    var generatorMicrosecondsPerPacket: Double
    var serverMicrosecondsPerPacket: Double?
    var serverUserPart: Double?
    var serverToGenerator: Double?
    var serverSwitchesPerPacket: Double?
    var serverCallsPerPacket: Double?
    var serverCPUs: Double?
    var serverResidentMegabytes: Double?

    init(_ command: String, target: String, _ plan: LoadPlan, _ result: LoadResult) {
        self.command = command
        self.target = target
        pattern = plan.pattern.rawValue
        flows = plan.count
        size = plan.size
        window = plan.rate == nil ? plan.window : nil
        offeredPerSecond = plan.rate
        seconds = result.seconds
        let packets = Double(max(1, result.delivered))
        packetsPerSecond = Double(result.delivered) / result.seconds
        megabytesPerSecond = packetsPerSecond * Double(plan.size) / 1e6
        loss = Double(result.lost) / max(1, Double(result.delivered + result.lost))
        held = result.held
        fairness = result.fairness
        p50Microseconds = result.latency.percentile(0.5)
        p99Microseconds = result.latency.percentile(0.99)
        p999Microseconds = result.latency.percentile(0.999)
        if plan.hasPolitePair {
            politeP50Microseconds = result.politeLatency.percentile(0.5)
            politeP99Microseconds = result.politeLatency.percentile(0.99)
            politeLoss = Double(result.politeLost) / max(1, Double(result.politeDelivered + result.politeLost))
        }
        let all = packets + Double(result.politeDelivered)
        generatorMicrosecondsPerPacket = result.generatorCPU / 1000 / all
        guard let server = result.server else { return }
        serverMicrosecondsPerPacket = server.cpuNanoseconds / 1000 / all
        serverUserPart = server.userPart
        serverToGenerator = server.cpuNanoseconds / max(1, result.generatorCPU)
        serverCallsPerPacket = result.serverCalls.map { Double($0) / all }
        serverSwitchesPerPacket = server.voluntarySwitches / all
        serverCPUs = server.cpuNanoseconds / 1e9 / result.seconds
        serverResidentMegabytes = server.residentBytes / 1e6
    }

    /// The rows of the readable table.
    var rows: [(String, String)] {
        var rows = [
            ("delivered", "\(Table.number(packetsPerSecond, 0)) packets/s, \(Table.number(megabytesPerSecond, 1)) MB/s"),
            ("loss", "\(Table.number(100 * loss, 3)) %" + (held > 0 ? ", \(held) held back at the sender" : "")),
            ("latency p50 / p99 / p99.9", Table.microseconds([p50Microseconds, p99Microseconds, p999Microseconds])),
            ("fairness (Jain)", Table.number(fairness, 4)),
            ("generator CPU", "\(Table.number(generatorMicrosecondsPerPacket, 2)) µs per packet"),
        ]
        if let politeLoss {
            let latency = Table.microseconds([politeP50Microseconds, politeP99Microseconds])
            rows.append(("polite pair p50 / p99", "\(latency), loss \(Table.number(100 * politeLoss, 2)) %"))
        }
        if let serverMicrosecondsPerPacket, let serverUserPart, let serverToGenerator, let serverSwitchesPerPacket,
            let serverCPUs, let serverResidentMegabytes
        {
            let share = "\(Table.number(100 * serverUserPart, 0)) % in user space"
            rows += [
                ("server CPU", "\(Table.number(serverMicrosecondsPerPacket, 2)) µs per packet, \(share)"),
                ("server CPU / generator CPU", Table.number(serverToGenerator, 3)),
                ("server voluntary switches", "\(Table.number(serverSwitchesPerPacket, 4)) per packet"),
                ("server load, memory", "\(Table.number(serverCPUs, 2)) CPUs, \(Table.number(serverResidentMegabytes, 1)) MB"),
            ]
        }
        if let serverCallsPerPacket {
            rows.append(("server system calls", "\(Table.number(serverCallsPerPacket, 3)) per packet"))
        }
        return rows
    }

    var title: String {
        let pace = window.map { "\($0) in flight" } ?? "\(Table.number(offeredPerSecond ?? 0, 0)) packets/s offered"
        return "\(target): \(flows) \(pattern), \(size) bytes, \(pace), \(Table.number(seconds, 1)) s"
    }
}

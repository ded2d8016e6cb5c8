internal import ArgumentParser
internal import Client

/// Shows the node, its relay and its peers.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows this node and, for each peer, path, latency and bytes.")

    @OptionGroup var node: NodeArguments

    @Flag(help: "Say in one sentence for each peer why its path is what it is.")
    var why = false

    func run() async throws {
        try await reportingFailures {
            let status = try await node.control.status()
            if node.json {
                try Output.json(status)
            } else {
                for line in StatusText.lines(status, why: why) { Output.line(line) }
            }
        }
    }
}

/// The status as lines of text.
enum StatusText {
    static func lines(_ status: NodeStatus, why: Bool) -> [String] {
        var lines = ["\(status.name) in network \(status.network) at \(status.server)"]
        var relay = "relay: " + (status.relay.isConnected ? "connected" : "not connected")
        if let latency = status.relay.latencyMilliseconds { relay += ", \(Milliseconds.text(latency))" }
        if let problem = status.relay.problem { relay += ": \(problem)" }
        if let health = status.relay.health { relay += ", it says: \(health)" }
        lines.append(relay)
        let problem = status.coordinationProblem.map { ": \($0)" } ?? ""
        if !status.isCoordinated {
            lines.append("coordination: not connected, peers may be out of date\(problem)")
        } else if !problem.isEmpty {
            lines.append("coordination\(problem)")
        }
        for candidate in status.candidates { lines.append("reachable at \(candidate.endpoint) (\(candidate.kind))") }
        if let gateway = status.gateway { lines.append("port mapping at \(gateway.address ?? "no gateway"): \(gateway.text)") }
        for port in status.allowed { lines.append("peers may reach \(port)") }
        lines.append("")
        guard !status.peers.isEmpty else { return lines + ["no peers yet"] }
        let head = ["PEER", "PATH", "LATENCY", "SENT", "RECEIVED", "HEARD"]
        lines += table([head] + status.peers.map(row))
        if why {
            lines.append("")
            lines += status.peers.map { "\($0.name): \($0.why ?? "unknown")" }
        }
        return lines
    }

    private static func row(_ peer: PeerStatus) -> [String] {
        [
            peer.name,
            peer.endpoint.map { "\(peer.path) \($0)" } ?? peer.path,
            peer.latencyMilliseconds.map(Milliseconds.text) ?? "-",
            bytes(peer.sentBytes),
            bytes(peer.receivedBytes),
            peer.secondsSinceHeard.map { "\(Int($0)) s ago" } ?? "-",
        ]
    }

    /// Bytes with a decimal unit.
    static func bytes(_ count: UInt64) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 1000 { return unit == "B" ? "\(count) B" : "\((value * 10).rounded() / 10) \(unit)" }
            value /= 1000
        }
        return "\((value * 10).rounded() / 10) TB"
    }

    /// Rows with columns as wide as their widest field.
    private static func table(_ rows: [[String]]) -> [String] {
        let widths =
            (rows.first?.indices).map { columns in columns.map { column in rows.map { $0[column].count }.max() ?? 0 } } ?? []
        return rows.map { row in
            let line = zip(row, widths).map { field, width in
                field + String(repeating: " ", count: width - field.count)
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

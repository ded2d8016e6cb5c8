internal import Coordination
internal import Relay
internal import Wire

/// The status page of the operator's listener: what the server does at this moment, for people.
struct StatusPage: Sendable {
    /// Nodes and pairs that are looked at for it.
    static let maximumItemCount = 1_000
    /// Rows of one table; more are counted only.
    private static let maximumRowCount = 200
    private static let refreshSeconds = 5

    let report: StatisticsReport
    let connections: [ConnectionReport]
    /// The nodes that are online, or the first of them.
    let nodes: [NodeDescription]
    let pairs: PairList

    var page: HTMLPage {
        var page = HTMLPage(title: "Causeway status", refreshSeconds: Self.refreshSeconds)
        page.addHeading("Causeway", level: 1)
        page.addFacts(report.summary)
        addPairs(to: &page)
        addNodes(to: &page)
        addConnections(to: &page)
        page.addLinks([("Statistics", "/stats"), ("Connections", "/stats/connections"), ("Metrics", "/metrics")])
        return page
    }

    private func addPairs(to page: inout HTMLPage) {
        // Relayed pairs are what an operator looks for.
        let order: [PathState] = [.relayed, .direct, .idle, .unknown]
        let sorted = order.flatMap { state in pairs.pairs.filter { $0.state == state } }
        add("Pairs", ["Network", "One", "Other", "Path"], numbers: ["Latency"], ["Why"], sorted, to: &page) { pair in
            [
                .init(pair.network.name), .init(pair.first.name), .init(pair.second.name),
                .init(pair.state.rawValue, Self.style(of: pair.state)), .number(pair.latencyText), .init(pair.why ?? "", "why"),
            ]
        }
    }

    private func addNodes(to page: inout HTMLPage) {
        add("Nodes online", ["Name", "Network", "NAT"], numbers: ["Candidates"], ["Last seen"], nodes, to: &page) { node in
            [
                .init(node.node.name), .init(node.network.name), .init(node.node.nat?.summary ?? ""),
                .number("\(node.node.candidates.count)"), .init("\(node.node.lastSeen)", "dim"),
            ]
        }
    }

    private func addConnections(to page: inout HTMLPage) {
        let names = Dictionary(nodes.map { ($0.node.nodeKey, $0.node.name) }, uniquingKeysWith: { first, _ in first })
        add(
            "Relay connections", ["Node", "Address"], numbers: ["Open for", "Received", "Sent", "Dropped", "Waiting"], ["Kind"],
            connections, to: &page
        ) { connection in
            [
                .init(names[connection.key] ?? connection.key.shortText), .init("\(connection.source)"),
                .number(ReadableText.duration(connection.ageSeconds)), .number(ReadableText.bytes(connection.bytesReceived)),
                .number(ReadableText.bytes(connection.bytesSent)), .number("\(connection.packetsDropped)"),
                .number(ReadableText.bytes(UInt64(clamping: connection.queuedBytes))), .init(connection.kinds, "dim"),
            ]
        }
    }

    /// A table of at most so many rows, or a word that there are none.
    private func add<Item>(
        _ title: String, _ columns: [String], numbers: [String], _ last: [String], _ items: [Item], to page: inout HTMLPage,
        _ row: (Item) -> [HTMLPage.Cell]
    ) {
        page.addHeading("\(title) (\(items.count))")
        guard !items.isEmpty else { return page.addParagraph("None.") }
        let header = columns.map { HTMLPage.Cell($0) } + numbers.map { .number($0) } + last.map { HTMLPage.Cell($0) }
        page.addTable(header, items.prefix(Self.maximumRowCount).map(row))
        if items.count > Self.maximumRowCount { page.addParagraph("And \(items.count - Self.maximumRowCount) more.") }
    }

    private static func style(of state: PathState) -> String {
        switch state {
        case .direct: "good"
        case .relayed: "fair"
        case .idle, .unknown: "dim"
        }
    }
}

extension ConnectionReport {
    /// What is special about the connection, in a few words.
    fileprivate var kinds: String {
        [
            (isHome, "home"), (isMesh, "mesh"), (isProber, "prober"), (isWebSocket, "WebSocket"), (!isActive, "standby"),
            (isPaused, "paused"),
        ].filter(\.0).map(\.1).joined(separator: ", ")
    }
}

extension NATReport {
    /// The facts that decide about direct paths, in a few words.
    var summary: String {
        if isUDPBlocked == true { return "UDP blocked" }
        let mapping: String? =
            switch self.mapping {
            case .endpointIndependent: "easy"
            case .addressDependent, .addressAndPortDependent: "maps by destination"
            case .unknown, nil: nil
            }
        return [mapping, mappedAddress, portMapping].compactMap(\.self).joined(separator: ", ")
    }
}

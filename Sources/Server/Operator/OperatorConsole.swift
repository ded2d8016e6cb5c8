internal import Coordination
internal import Foundation
internal import Wire

/// The operator's commands, each a question to the running server and a text for the terminal.
package struct OperatorConsole: Sendable {
    private let connection: AdminConnection
    private let isJSON: Bool

    /// - Parameters: `data` is the running server's directory; `isJSON` asks for JSON in place of a table.
    package init(data: String, isJSON: Bool = false) {
        connection = AdminConnection(data: data)
        self.isJSON = isJSON
    }

    // MARK: Join keys

    /// What a join key is to be good for.
    package struct JoinKeyWish: Sendable {
        package var network: String?
        package var uses: Int?
        package var isReusable = false
        package var lifetime: Duration?
        package var isEphemeral = false
        package var note: String?

        package init() {}
    }

    /// Makes a join key and answers just the line that a new node needs.
    package func invite(_ wish: JoinKeyWish) async throws(StartError) -> String {
        let created = try await create(wish)
        if isJSON { return try json(created) }
        guard let line = created.line else {
            throw StartError(.refused, "the server does not know its own address; start it with --public-host")
        }
        return line
    }

    /// Makes a join key and answers it with its number.
    package func createJoinKey(_ wish: JoinKeyWish) async throws(StartError) -> String {
        let created = try await create(wish)
        if isJSON { return try json(created) }
        var table = TextTable(["ID", "NETWORK", "EXPIRES", "KEY"])
        table.add([
            "\(created.joinKey.id)", created.joinKey.network.name, "\(created.joinKey.expires)", created.secret.secretText,
        ])
        return table.text
    }

    private func create(_ wish: JoinKeyWish) async throws(StartError) -> CreatedJoinKey {
        let message = NewJoinKey(
            network: wish.network, uses: wish.uses, reusable: wish.isReusable ? true : nil,
            lifetimeSeconds: wish.lifetime.map(\.components.seconds), ephemeral: wish.isEphemeral ? true : nil, note: wish.note)
        return try await connection.post(CreatedJoinKey.self, "/v1/admin/join-keys", message)
    }

    package func joinKeys() async throws(StartError) -> String {
        if isJSON { return try await connection.text("/v1/admin/join-keys") }
        var table = TextTable(["ID", "NETWORK", "STATE", "USED", "EXPIRES", "EPHEMERAL", "NOTE"])
        for key in try await connection.get(JoinKeyList.self, "/v1/admin/join-keys").joinKeys {
            let used = "\(key.used)/\(key.uses.map(String.init) ?? "any")"
            table.add([
                "\(key.id)", key.network.name, key.state.rawValue, used, "\(key.expires)", key.ephemeral ? "yes" : "no",
                key.note ?? "",
            ])
        }
        return table.text
    }

    package func revokeJoinKey(_ id: Int64) async throws(StartError) {
        try await connection.delete("/v1/admin/join-keys/\(id)")
    }

    // MARK: Nodes

    package func nodes() async throws(StartError) -> String {
        if isJSON { return try await connection.text("/v1/admin/nodes") }
        var table = TextTable(["ID", "NAME", "NETWORK", "ONLINE", "KEY", "CANDIDATES", "LAST SEEN", "EXPIRES"])
        for node in try await connection.get(NodeList.self, "/v1/admin/nodes").nodes {
            let expires = node.expired ? "expired" : node.expires?.description ?? "never"
            table.add([
                "\(node.node.id)", node.node.name, node.network.name, node.online ? "yes" : "no", node.node.nodeKey.shortText,
                "\(node.node.candidates.count)", "\(node.node.lastSeen)", expires,
            ])
        }
        return table.text
    }

    /// - Parameter node: a number or a name.
    package func rename(_ node: String, to name: String) async throws(StartError) {
        try await change(node, NodeChange(name: name))
    }

    /// Lets a node expire at once, or at an RFC 3339 time, or (with `never`) not at all.
    package func expire(_ node: String, at time: String?) async throws(StartError) {
        switch time {
        case nil:
            try await change(node, NodeChange(expires: Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000))))
        case "never": try await change(node, NodeChange(neverExpires: true))
        case let text?:
            guard let time = Timestamp(text) else {
                throw StartError(.configuration, "'\(text)' is no time; give RFC 3339 such as 2027-01-31T12:00:00Z, or never")
            }
            try await change(node, NodeChange(expires: time))
        }
    }

    package func remove(_ node: String) async throws(StartError) {
        try await connection.delete("/v1/admin/nodes/\(find(node))")
    }

    private func change(_ node: String, _ change: NodeChange) async throws(StartError) {
        _ = try await connection.patch(NodeDescription.self, "/v1/admin/nodes/\(find(node))", change)
    }

    private func find(_ node: String) async throws(StartError) -> NodeID {
        if let number = Int64(node) { return NodeID(rawValue: number) }
        let matches = try await connection.get(NodeList.self, "/v1/admin/nodes").nodes.filter { $0.node.name == node }
        guard let match = matches.first else {
            throw StartError(.refused, "no node is named \(node); `causeway-server node list` shows them")
        }
        guard matches.count == 1 else {
            throw StartError(.refused, "\(matches.count) networks have a node named \(node); give its number")
        }
        return match.node.id
    }

    /// How pairs of nodes reach each other, and why not directly.
    ///
    /// - Parameter network: a network's name; nil for all.
    package func pairs(in network: String?) async throws(StartError) -> String {
        let path = "/v1/admin/pairs" + (network.map { "?network=\(Self.escape($0))" } ?? "")
        if isJSON { return try await connection.text(path) }
        let list = try await connection.get(PairList.self, path)
        var table = TextTable(["NETWORK", "ONE", "OTHER", "PATH", "LATENCY", "WHY"])
        for pair in list.pairs {
            table.add([
                pair.network.name, pair.first.name, pair.second.name, pair.state.rawValue, pair.latencyText, pair.why ?? "",
            ])
        }
        return list.truncated ? table.text + "\n(there are more; name a network)" : table.text
    }

    private static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    // MARK: Networks and statistics

    package func networks() async throws(StartError) -> String {
        if isJSON { return try await connection.text("/v1/admin/networks") }
        var table = TextTable(["ID", "NAME", "NODES", "CREATED"])
        for network in try await connection.get(NetworkList.self, "/v1/admin/networks").networks {
            table.add(["\(network.id)", network.name, "\(network.nodes)", "\(network.created)"])
        }
        return table.text
    }

    package func createNetwork(_ name: String) async throws(StartError) -> String {
        let network = try await connection.post(NetworkDescription.self, "/v1/admin/networks", NewNetwork(name: name))
        return isJSON ? try json(network) : "\(network.id)"
    }

    /// - Parameter network: a number or a name.
    package func removeNetwork(_ network: String) async throws(StartError) {
        let networks = try await connection.get(NetworkList.self, "/v1/admin/networks").networks
        guard let match = networks.first(where: { $0.name == network || "\($0.id)" == network }) else {
            throw StartError(.refused, "no network is named \(network); `causeway-server network list` shows them")
        }
        try await connection.delete("/v1/admin/networks/\(match.id)")
    }

    package func statistics() async throws(StartError) -> String {
        if isJSON { return try await connection.text("/v1/admin/stats") }
        return try await connection.get(StatisticsReport.self, "/v1/admin/stats").text
    }

    private func json(_ message: some Encodable) throws(StartError) -> String {
        do {
            return String(decoding: try JSONForm.encoder.encode(message), as: UTF8.self)
        } catch {
            throw StartError(.failure, "the answer cannot be written as JSON: \(error)")
        }
    }
}

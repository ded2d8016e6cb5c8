internal import Coordination
internal import GRDB
internal import Wire

/// Reads all that is stored: it is what a server's start waits for.
struct SnapshotReader {
    let database: Database

    func read() throws -> RegistrySnapshot {
        var snapshot = RegistrySnapshot()
        snapshot.networks = try networks()
        snapshot.joinKeys = try joinKeys()
        snapshot.nodes = try nodes()
        snapshot.audit = try audit()
        snapshot.lastNetworkID = UInt32(clamping: try lastID(of: "network"))
        snapshot.lastJoinKeyID = try lastID(of: "join_key")
        snapshot.lastNodeID = try lastID(of: "node")
        snapshot.lastAuditID = try lastID(of: "audit")
        return snapshot
    }

    private func networks() throws -> [NetworkRecord] {
        try read("SELECT id, name, created FROM network ORDER BY id") { columns in
            NetworkRecord(
                id: NetworkID(rawValue: try columns.integer(0)), name: try columns.text(1), created: try columns.time(2))
        }
    }

    private func joinKeys() throws -> [JoinKeyRecord] {
        try read(
            "SELECT id, network, hash, created, expires, revoked, used, uses, ephemeral, note FROM join_key ORDER BY id"
        ) { columns in
            JoinKeyRecord(
                id: JoinKeyID(rawValue: try columns.integer(0)), network: NetworkID(rawValue: try columns.integer(1)),
                hash: try columns.bytes(2, as: SecretHash.init), created: try columns.time(3), expires: try columns.time(4),
                revoked: try columns.optionalTime(5), used: try columns.integer(6), uses: try columns.optionalInteger(7),
                isEphemeral: try columns.flag(8), note: try columns.optionalText(9))
        }
    }

    private func nodes() throws -> [RegistrySnapshot.Node] {
        try read(
            """
            SELECT node.id, network, name, node_key, disco_key, token_hash, join_key, ephemeral, created, expires, last_seen,
                sequence, candidates, home_relay, nat
            FROM node LEFT JOIN publication ON publication.node = node.id ORDER BY node.id
            """
        ) { columns in
            let record = NodeRecord(
                id: NodeID(rawValue: try columns.integer(0)), network: NetworkID(rawValue: try columns.integer(1)),
                name: try columns.text(2), nodeKey: try columns.bytes(3, as: NodeKey.init),
                discoKey: try columns.bytes(4, as: DiscoKey.init), tokenHash: try columns.bytes(5, as: SecretHash.init),
                joinKey: try columns.optionalInteger(6).map(JoinKeyID.init), isEphemeral: try columns.flag(7),
                created: try columns.time(8), expires: try columns.optionalTime(9), lastSeen: try columns.time(10))
            return RegistrySnapshot.Node(record: record, publication: try publication(columns))
        }
    }

    /// What the node published last; candidates or a report that cannot be read are left out, for the node sends them again.
    private func publication(_ columns: Columns) throws -> Publication {
        guard let sequence = try columns.optionalInteger(11, as: Int64.self) else { return Publication() }
        let nat = try columns.optionalBytes(14)
        return Publication(
            sequence: sequence, candidates: CandidateBlob.decode(try columns.bytes(12)) ?? [],
            homeRelay: try columns.optionalInteger(13),
            nat: nat.flatMap(NATBlob.decode))
    }

    private func audit() throws -> [AuditEntry] {
        let entries = try read("SELECT id, time, actor, action, subject, detail, source FROM audit ORDER BY id") { columns in
            // Kinds that a later version wrote are passed over.
            try AuditAction(rawValue: columns.text(3)).map { action in
                AuditEntry(
                    id: try columns.integer(0), time: try columns.time(1), actor: try columns.text(2), action: action,
                    subject: try columns.text(4), detail: try columns.text(5), source: try columns.optionalText(6))
            }
        }
        return entries.compactMap(\.self)
    }

    private func lastID(of table: String) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table]) ?? 0
    }

    private func read<Value>(_ sql: String, _ make: (Columns) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() { values.append(try make(Columns(row: row))) }
        return values
    }
}

internal import Coordination
internal import Foundation
internal import GRDB
internal import Wire

/// Applies changes within a transaction.
struct ChangeWriter {
    let database: Database

    func apply(_ change: StoreChange) throws {
        switch change {
        case .putNetwork(let network): try put(network)
        case .removeNetwork(let id): try execute("DELETE FROM network WHERE id = ?", [Int64(id.rawValue)])
        case .putJoinKey(let key): try put(key)
        case .removeJoinKey(let id): try execute("DELETE FROM join_key WHERE id = ?", [id.rawValue])
        case .putNode(let node): try put(node)
        case .removeNode(let id): try execute("DELETE FROM node WHERE id = ?", [id.rawValue])
        case .putPublication(let id, let publication): try put(publication, of: id)
        case .putLastSeen(let id, let time):
            try execute("UPDATE node SET last_seen = ? WHERE id = ?", [time.milliseconds, id.rawValue])
        case .appendAudit(let entry): try append(entry)
        case .trimAudit(let last, let isAdministrative):
            try execute("DELETE FROM audit WHERE id <= ? AND (actor = 'admin') = ?", [last, isAdministrative])
        }
    }

    private func put(_ network: NetworkRecord) throws {
        try execute(
            """
            INSERT INTO network (id, name, created) VALUES (?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, created = excluded.created
            """,
            [Int64(network.id.rawValue), network.name, network.created.milliseconds])
    }

    private func put(_ key: JoinKeyRecord) throws {
        try execute(
            """
            INSERT INTO join_key (id, network, hash, created, expires, revoked, used, uses, ephemeral, note)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET expires = excluded.expires, revoked = excluded.revoked, used = excluded.used
            """,
            [
                key.id.rawValue, Int64(key.network.rawValue), Data(key.hash.bytes), key.created.milliseconds,
                key.expires.milliseconds, key.revoked?.milliseconds, key.used, key.uses, key.isEphemeral, key.note,
            ])
    }

    private func put(_ node: NodeRecord) throws {
        // The join key may have been forgotten since.
        try execute(
            """
            INSERT INTO node
                (id, network, name, node_key, disco_key, token_hash, join_key, ephemeral, created, expires, last_seen)
            VALUES (?, ?, ?, ?, ?, ?, (SELECT id FROM join_key WHERE id = ?), ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, node_key = excluded.node_key, disco_key = excluded.disco_key,
                token_hash = excluded.token_hash, join_key = excluded.join_key, ephemeral = excluded.ephemeral,
                expires = excluded.expires, last_seen = excluded.last_seen
            """,
            [
                node.id.rawValue, Int64(node.network.rawValue), node.name, Data(node.nodeKey.bytes), Data(node.discoKey.bytes),
                Data(node.tokenHash.bytes), node.joinKey?.rawValue, node.isEphemeral, node.created.milliseconds,
                node.expires?.milliseconds, node.lastSeen.milliseconds,
            ])
    }

    private func put(_ publication: Publication, of id: NodeID) throws {
        try execute(
            """
            INSERT INTO publication (node, sequence, candidates, home_relay, nat)
            SELECT id, ?, ?, ?, ? FROM node WHERE id = ?
            ON CONFLICT (node) DO UPDATE SET
                sequence = excluded.sequence, candidates = excluded.candidates, home_relay = excluded.home_relay,
                nat = excluded.nat
            """,
            [
                publication.sequence, Data(CandidateBlob.encode(publication.candidates)), publication.homeRelay.map { Int64($0) },
                publication.nat.map { Data(NATBlob.encode($0)) }, id.rawValue,
            ])
    }

    private func append(_ entry: AuditEntry) throws {
        try execute(
            "INSERT INTO audit (id, time, actor, action, subject, detail, source) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                entry.id, entry.time.milliseconds, entry.actor, entry.action.rawValue, entry.subject, entry.detail,
                entry.source,
            ])
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

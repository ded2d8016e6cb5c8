internal import Coordination
internal import CryptoBox
internal import Testing
internal import Wire

extension NodeRecord {
    /// A node of the default network with keys drawn from `random` (which need not lie on the curve to be stored).
    static func random(_ id: Int64, using random: inout SeededGenerator) throws -> NodeRecord {
        NodeRecord(
            id: NodeID(rawValue: id), network: NetworkRecord.defaultID, name: "node-\(id)",
            nodeKey: try #require(NodeKey(random.bytes(32))), discoKey: try #require(DiscoKey(random.bytes(32))),
            tokenHash: try #require(SecretHash(random.bytes(32))), joinKey: nil, isEphemeral: false,
            created: Timestamp(milliseconds: 1_795_524_772_000), expires: nil,
            lastSeen: Timestamp(milliseconds: 1_795_524_772_000))
    }
}

extension NetworkRecord {
    static let initial = NetworkRecord(
        id: NetworkRecord.defaultID, name: NetworkRecord.defaultName, created: Timestamp(milliseconds: 1_795_524_772_000))
}

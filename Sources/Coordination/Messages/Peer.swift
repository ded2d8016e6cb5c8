package import Wire

/// A node as the other nodes of its network see it.
package struct Peer: Codable, Equatable, Sendable {
    package var id: NodeID
    package var name: String
    package var nodeKey: NodeKey
    package var discoKey: DiscoKey
    package var candidates: [PublishedCandidate]
    /// The region of the relay where the node can be reached.
    package var homeRelay: UInt16?
    package var nat: NATReport?
    /// When the server last heard of the node, at the time of this message: coming and going alone sends no event.
    package var lastSeen: Timestamp

    package init(
        id: NodeID, name: String, nodeKey: NodeKey, discoKey: DiscoKey,
        candidates: [PublishedCandidate] = [],
        homeRelay: UInt16? = nil, nat: NATReport? = nil, lastSeen: Timestamp
    ) {
        self.id = id
        self.name = name
        self.nodeKey = nodeKey
        self.discoKey = discoKey
        self.candidates = candidates
        self.homeRelay = homeRelay
        self.nat = nat
        self.lastSeen = lastSeen
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, nodeKey, discoKey, candidates, homeRelay, nat, lastSeen
    }

    /// Reads a peer and passes over candidates of types that a later version may bring.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        id = try members.decode(NodeID.self, forKey: .id)
        name = try members.decode(String.self, forKey: .name)
        nodeKey = try members.decode(NodeKey.self, forKey: .nodeKey)
        discoKey = try members.decode(DiscoKey.self, forKey: .discoKey)
        candidates = try members.decode([Lenient<PublishedCandidate>].self, forKey: .candidates)
            .compactMap(\.value)
        homeRelay = try members.decodeIfPresent(UInt16.self, forKey: .homeRelay)
        nat = try members.decodeIfPresent(NATReport.self, forKey: .nat)
        lastSeen = try members.decode(Timestamp.self, forKey: .lastSeen)
    }
}

/// A list element that may be of a kind that this version does not know: then it is nil.
private struct Lenient<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws {
        // `try?`: what does not decode is left out, and the other elements still count.
        value = try? Value(from: decoder)
    }
}

/// The answer to `GET /v1/peers`, and the data of the stream's `snapshot` event.
package struct PeerList: Codable, Equatable, Sendable {
    /// The last event that the list contains: where a stream goes on from.
    package var eventID: EventID
    package var network: NetworkReference
    /// The asking node itself.
    package var me: Peer
    /// The network's other nodes.
    package var peers: [Peer]

    package init(eventID: EventID, network: NetworkReference, me: Peer, peers: [Peer]) {
        self.eventID = eventID
        self.network = network
        self.me = me
        self.peers = peers
    }

    private enum CodingKeys: String, CodingKey {
        case eventID = "eventId"
        case network
        case me = "self"
        case peers
    }
}

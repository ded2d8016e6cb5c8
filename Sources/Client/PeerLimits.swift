internal import Coordination

/// What a node takes of the peers that its server names, so that a server which goes mad, or was taken over, costs no memory
/// without end.
enum PeerLimits {
    /// Twice as many nodes as a server lets into a network unless it is told otherwise. Further ones are left out.
    static let maximumPeers = 20_000
    /// As many candidates as a server takes from a node.
    static let maximumCandidates = 64
    /// The longest name in Unicode scalars; servers refuse names that are no DNS label (63 bytes).
    static let maximumNameLength = 255

    /// What is told where there were more peers.
    static func problem(of server: String) -> String {
        "\(server) names more than \(maximumPeers) peers: the rest is left out"
    }
}

extension Peer {
    /// The peer without what goes beyond the limits.
    var limited: Peer {
        guard candidates.count > PeerLimits.maximumCandidates || name.unicodeScalars.count > PeerLimits.maximumNameLength else {
            return self
        }
        var peer = self
        peer.candidates = Array(candidates.prefix(PeerLimits.maximumCandidates))
        peer.name = String(String.UnicodeScalarView(name.unicodeScalars.prefix(PeerLimits.maximumNameLength)))
        return peer
    }
}

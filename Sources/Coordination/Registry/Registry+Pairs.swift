extension Registry {
    /// The pairs of one network, or of all, of which at least one side has reported; at most `limit`.
    package func pairs(in network: NetworkID?, limit: Int) -> PairList {
        var pairs: [PairDescription] = []
        for node in nodes.values.filter({ !$0.paths.isEmpty && (network == nil || $0.record.network == network) }).sorted(by: {
            $0.record.id < $1.record.id
        }) {
            for path in node.paths {
                guard let peer = nodes[path.peer], peer.record.network == node.record.network else { continue }
                let answer = peer.paths.first { $0.peer == node.record.id }
                // A pair of which both sides report is told when the lower one comes.
                guard node.record.id < peer.record.id || answer == nil else { continue }
                guard pairs.count < limit else { return PairList(pairs: pairs, truncated: true) }
                let sides = [Self.side(node, path), Self.side(peer, answer)].sorted { $0.id < $1.id }
                pairs.append(
                    PairDescription(
                        network: reference(to: node.record.network), first: sides[0], second: sides[1],
                        state: PairVerdict.state(sides[0], sides[1]), why: PairVerdict.why(sides[0], sides[1])))
            }
        }
        return PairList(pairs: pairs, truncated: false)
    }

    private static func side(_ node: Node, _ path: PathReport?) -> PairSide {
        PairSide(id: node.record.id, name: node.record.name, nat: node.publication.nat, path: path)
    }
}

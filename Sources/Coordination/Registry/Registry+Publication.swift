internal import Wire

extension Registry {
    /// Takes what a node publishes of itself, in place of what it published before.
    ///
    /// Peers are told when something changed that they see; path reports are for operators only.
    package mutating func update(
        _ id: NodeID, with update: CandidateUpdate, effects: inout [RegistryEffect]
    ) throws(RegistryError) {
        guard var node = nodes[id] else { throw .nodeUnknown }
        guard (1...RegistryLimits.maximumSequence).contains(update.sequence) else { throw .sequenceInvalid(update.sequence) }
        guard update.sequence > node.publication.sequence else {
            throw .sequenceStale(given: update.sequence, stored: node.publication.sequence)
        }
        let publication = Publication(
            sequence: update.sequence, candidates: try checked(update.candidates), homeRelay: update.homeRelay,
            nat: try checked(update.nat))
        let paths = try update.paths.map { (paths) throws(RegistryError) in try checked(paths, of: id) }

        let former = node.publication
        node.publication = publication
        if let paths { node.paths = paths }
        nodes[id] = node
        effects.append(.persistLater([.putPublication(id, publication)]))
        let isSame =
            publication.candidates == former.candidates && publication.homeRelay == former.homeRelay
            && publication.nat == former.nat
        if !isSame, node.isActive { announce(.changed, of: node, effects: &effects) }
    }

    /// The candidates in canonical form, each endpoint of a type once; one that is refused refuses the list.
    private func checked(_ candidates: [PublishedCandidate]) throws(RegistryError) -> [PublishedCandidate] {
        let limit = configuration.limits.candidates
        guard candidates.count <= limit else { throw .tooManyCandidates(candidates.count, limit: limit) }
        var kept: [PublishedCandidate] = []
        kept.reserveCapacity(candidates.count)
        for (index, candidate) in candidates.enumerated() {
            if let refusal = CandidateRefusal(
                judging: candidate.endpoint, allowsLoopback: configuration.allowsLoopbackCandidates)
            {
                throw .candidateRefused(index: index, refusal)
            }
            var candidate = candidate
            candidate.endpoint.address = candidate.endpoint.address.canonical
            if let twin = kept.firstIndex(where: { $0.type == candidate.type && $0.endpoint == candidate.endpoint }) {
                kept[twin].priority = max(kept[twin].priority, candidate.priority)
            } else {
                kept.append(candidate)
            }
        }
        return kept
    }

    private func checked(_ report: NATReport?) throws(RegistryError) -> NATReport? {
        guard let report else { return nil }
        for text in [report.mappedAddress, report.portMapping] { try Self.checkLength(text) }
        return report
    }

    private func checked(_ paths: [PathReport], of id: NodeID) throws(RegistryError) -> [PathReport] {
        let limit = configuration.limits.pathReports
        guard paths.count <= limit else { throw .tooManyPathReports(paths.count, limit: limit) }
        var byPeer: [NodeID: PathReport] = [:]
        for path in paths {
            try Self.checkLength(path.reason)
            byPeer[path.peer] = path
        }
        let network = nodes[id]?.record.network
        // Reports about peers that have left in the meantime are no error of the reporter's.
        return byPeer.values.filter { $0.peer != id && nodes[$0.peer]?.record.network == network }.sorted { $0.peer < $1.peer }
    }

    static func checkLength(_ text: String?) throws(RegistryError) {
        guard (text?.unicodeScalars.count ?? 0) <= RegistryLimits.maximumTextLength else { throw .textTooLong }
    }
}

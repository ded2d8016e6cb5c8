package import Wire

extension Registry {
    /// Admits a node with a join key, or gives a node that is known a fresh token (which voids the old one).
    ///
    /// The join key is used up in the same change that admits the node. A known node that has not expired uses up none,
    /// so that a client may ask again when it did not get the answer.
    package mutating func register(
        _ request: RegistrationRequest, proof: Proof.Verified, from source: IPAddress?, at now: Moment,
        using random: inout some RandomNumberGenerator, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> RegistrationResponse {
        guard proof.nodeKey == request.nodeKey else { throw .proofRefused }
        guard !request.nodeKey.isZero, !request.discoKey.isZero else { throw .keyInvalid }
        guard request.nodeKey != serverKey else { throw .nodeKeyTaken }
        let wish = try request.name.map { (name) throws(RegistryError) in try Self.checked(name) }
        try challenges.accept(proof.challenge, at: now.instant, limits: configuration.limits)
        let token = BearerToken(using: &random)
        let id =
            if let known = nodesByKey[request.nodeKey] {
                try registerAgain(known, request, wish, token, from: source, at: now, using: &random, effects: &effects)
            } else {
                try admit(request, wish, token, from: source, at: now, using: &random, effects: &effects)
            }
        guard let node = nodes[id] else { throw .nodeUnknown }
        return RegistrationResponse(
            token: token, node: Self.peer(node), network: reference(to: node.record.network),
            ephemeral: node.record.isEphemeral, expires: node.record.expires)
    }

    /// Replaces a node's keys. The old node key is void at once; the token stays.
    ///
    /// - Parameters:
    ///   - proof: Of the present node key.
    ///   - newKeyProof: Of the replacement, when the request brings one, with the same challenge.
    package mutating func rotateKeys(
        of id: NodeID, _ request: KeyRotationRequest, proof: Proof.Verified, newKeyProof: Proof.Verified?,
        from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> KeyRotationResponse {
        guard var node = nodes[id] else { throw .nodeUnknown }
        let former = node.record
        guard proof.nodeKey == former.nodeKey else { throw .proofRefused }
        if let key = request.nodeKey {
            guard let newKeyProof, newKeyProof.nodeKey == key, newKeyProof.challenge == proof.challenge else {
                throw .proofRefused
            }
            guard !key.isZero else { throw .keyInvalid }
            guard key != serverKey, nodesByKey[key] == nil || key == former.nodeKey else { throw .nodeKeyTaken }
            node.record.nodeKey = key
        }
        if let key = request.discoKey {
            try checkDiscoKey(key, of: id)
            node.record.discoKey = key
        }
        try challenges.accept(proof.challenge, at: now.instant, limits: configuration.limits)
        guard node.record != former else { return KeyRotationResponse(node: Self.peer(node)) }

        replace(former, with: node)
        var changes: [StoreChange] = [.putNode(node.record)]
        record(
            .nodeKeysRotated, by: "node:\(id)", of: "node:\(id)",
            "node key \(former.nodeKey.shortText) → \(node.record.nodeKey.shortText), disco key \(former.discoKey.shortText) → \(node.record.discoKey.shortText)",
            from: source, at: now, into: &changes)
        effects.append(.persist(changes))
        if node.record.nodeKey != former.nodeKey { effects.append(.cutRelay(former.nodeKey)) }
        announce(.changed, of: node, effects: &effects)
        return KeyRotationResponse(node: Self.peer(node))
    }

    // MARK: - Details

    private mutating func admit(
        _ request: RegistrationRequest, _ wish: String?, _ token: BearerToken, from source: IPAddress?, at now: Moment,
        using random: inout some RandomNumberGenerator, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> NodeID {
        guard let secret = request.joinKey else { throw .joinKeyRequired }
        var key = try usableJoinKey(secret, at: now)
        try checkDiscoKey(request.discoKey, of: nil)
        guard let count = networks[key.network]?.nodesByName.count else { throw .networkUnknown }
        let limit = configuration.limits.nodesPerNetwork
        guard count < limit else { throw .networkFull(limit: limit) }
        let name = try freeName(wish, isExact: request.exactName ?? false, in: key.network, for: nil, using: &random)

        key.used += 1
        joinKeys[key.id] = key
        lastNodeID += 1
        let record = NodeRecord(
            id: NodeID(rawValue: lastNodeID), network: key.network, name: name, nodeKey: request.nodeKey,
            discoKey: request.discoKey, tokenHash: token.hash, joinKey: key.id, isEphemeral: key.isEphemeral,
            created: now.time, expires: configuration.nodeLifetime.map { now.time + $0 }, lastSeen: now.time)
        let node = Node(record, Publication(), isActive: true, at: now)
        insert(node)
        schedule(record.id, at: now)
        var changes: [StoreChange] = [.putJoinKey(key), .putNode(record)]
        self.record(
            .nodeRegistered, by: "node:\(record.id)", of: "node:\(record.id)",
            "\(name) (\(record.nodeKey.shortText)) joined \(reference(to: key.network).name) with join key \(key.id)",
            from: source, at: now, into: &changes)
        effects.append(.persist(changes))
        announce(.added, of: node, effects: &effects)
        return record.id
    }

    private mutating func registerAgain(
        _ id: NodeID, _ request: RegistrationRequest, _ wish: String?, _ token: BearerToken, from source: IPAddress?,
        at now: Moment, using random: inout some RandomNumberGenerator, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> NodeID {
        guard var node = nodes[id] else { throw .nodeUnknown }
        let former = node.record
        let wasAdmitted = isAdmitted(id, at: now)
        // A key of another network says that the user wants to go there: that is never passed over in silence.
        if let known = request.joinKey.flatMap({ joinKeysByHash[$0.hash] }).flatMap({ joinKeys[$0] }),
            known.network != former.network
        {
            throw .nodeInOtherNetwork
        }
        try checkDiscoKey(request.discoKey, of: id)
        if let wish, request.exactName == true {
            node.record.name = try freeName(wish, isExact: true, in: former.network, for: id, using: &random)
        }
        var changes: [StoreChange] = []
        if !wasAdmitted {
            guard let secret = request.joinKey else { throw .nodeExpired }
            var key = try usableJoinKey(secret, at: now)
            key.used += 1
            joinKeys[key.id] = key
            changes.append(.putJoinKey(key))
            node.record.joinKey = key.id
            node.record.isEphemeral = key.isEphemeral
            node.record.expires = configuration.nodeLifetime.map { now.time + $0 }
        }
        node.record.discoKey = request.discoKey
        node.record.tokenHash = token.hash
        node.record.lastSeen = max(now.time, former.lastSeen)
        node.storedLastSeen = node.record.lastSeen
        node.quietSince = max(node.quietSince, now.time)
        // A client that has just started counts its updates afresh.
        node.publication.sequence = 0
        // An expiry that came a moment ago may not have been acted upon yet: then nobody was told, and nobody needs to be.
        let wasVisible = node.isActive
        node.isActive = true

        replace(former, with: node)
        schedule(id, at: now)
        changes += [.putNode(node.record), .putPublication(id, node.publication)]
        record(
            .nodeRegisteredAgain, by: "node:\(id)", of: "node:\(id)", "\(node.record.name) took a new token",
            from: source, at: now, into: &changes)
        effects += [.persist(changes), .closeStreams(id)]
        if !wasVisible {
            announce(.added, of: node, effects: &effects)
        } else if node.record.name != former.name || node.record.discoKey != former.discoKey {
            announce(.changed, of: node, effects: &effects)
        }
        return id
    }

    private func usableJoinKey(_ secret: JoinKeySecret, at now: Moment) throws(RegistryError) -> JoinKeyRecord {
        guard let id = joinKeysByHash[secret.hash], let key = joinKeys[id] else { throw .joinKeyUnknown }
        switch key.state(at: now.time) {
        case .valid: return key
        case .used: throw .joinKeyUsed
        case .expired: throw .joinKeyExpired
        case .revoked: throw .joinKeyRevoked
        }
    }

    private func checkDiscoKey(_ key: DiscoKey, of id: NodeID?) throws(RegistryError) {
        guard !key.isZero else { throw .keyInvalid }
        // Peers tell each other's probes apart by disco key: two nodes with one would take each other's.
        if let holder = nodesByDiscoKey[key], holder != id { throw .discoKeyTaken }
    }

    /// Puts a changed node in the place of its former self, in every index.
    mutating func replace(_ former: NodeRecord, with node: Node) {
        nodesByKey[former.nodeKey] = nil
        nodesByDiscoKey[former.discoKey] = nil
        nodesByToken[former.tokenHash] = nil
        networks[former.network]?.nodesByName[former.name] = nil
        insert(node)
    }

    static func checked(_ name: String) throws(RegistryError) -> String {
        guard let name = NodeName.normalized(name) else { throw .nameInvalid }
        return name
    }

    /// The wished name, or one made from it by a suffix, unless it must be exact.
    private func freeName(
        _ wish: String?, isExact: Bool, in network: NetworkID, for id: NodeID?, using random: inout some RandomNumberGenerator
    ) throws(RegistryError) -> String {
        let name = wish ?? NodeName.fallback
        if isFree(name, in: network, for: id) { return name }
        guard !isExact || wish == nil else { throw .nameTaken(name) }
        for number in 2...99 {
            let candidate = NodeName.suffixed(name, with: String(number))
            if isFree(candidate, in: network, for: id) { return candidate }
        }
        // Counting on would take ever longer; 40 random bits are free but for a miracle.
        let candidate = NodeName.suffixed(name, with: String(random.next() >> 24, radix: 32))
        guard isFree(candidate, in: network, for: id) else { throw .nameTaken(name) }
        return candidate
    }

    /// Whether a name is nobody's in a network, or the node's own.
    func isFree(_ name: String, in network: NetworkID, for id: NodeID?) -> Bool {
        guard let holder = networks[network]?.nodesByName[name] else { return true }
        return holder == id
    }
}

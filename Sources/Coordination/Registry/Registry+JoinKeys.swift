package import Wire

extension Registry {
    /// Makes a join key; the answer is the only place that ever holds the key itself.
    package mutating func createJoinKey(
        _ request: NewJoinKey, from source: IPAddress?, at now: Moment, using random: inout some RandomNumberGenerator,
        effects: inout [RegistryEffect]
    ) throws(RegistryError) -> CreatedJoinKey {
        let network = try network(named: request.network)
        try Self.checkLength(request.note)
        let uses = try Self.uses(of: request)
        let lifetime = request.lifetimeSeconds ?? RegistryLimits.defaultJoinKeySeconds
        guard (1...RegistryLimits.maximumJoinKeySeconds).contains(lifetime) else { throw .joinKeyLifetimeInvalid }
        var changes = try makeRoomForJoinKey(at: now)

        let secret = JoinKeySecret(using: &random)
        lastJoinKeyID += 1
        let key = JoinKeyRecord(
            id: JoinKeyID(rawValue: lastJoinKeyID), network: network, hash: secret.hash, created: now.time,
            expires: now.time + .seconds(lifetime), uses: uses, isEphemeral: request.ephemeral ?? false, note: request.note)
        joinKeys[key.id] = key
        joinKeysByHash[key.hash] = key.id
        changes.append(.putJoinKey(key))
        record(
            .joinKeyCreated, by: AuditJournal.administrator, of: "join-key:\(key.id)",
            "for \(reference(to: network).name), \(uses.map { "\($0) use(s)" } ?? "reusable"), until \(key.expires)",
            from: source, at: now, into: &changes)
        effects.append(.persist(changes))
        return CreatedJoinKey(joinKey: describe(key, at: now), secret: secret)
    }

    /// Makes a join key admit nobody any more. Nodes that it has admitted stay.
    package mutating func revokeJoinKey(
        _ id: JoinKeyID, from source: IPAddress?, at now: Moment, effects: inout [RegistryEffect]
    ) throws(RegistryError) -> JoinKeyDescription {
        guard var key = joinKeys[id] else { throw .joinKeyUnknown }
        guard key.revoked == nil else { return describe(key, at: now) }
        key.revoked = now.time
        joinKeys[id] = key
        var changes: [StoreChange] = [.putJoinKey(key)]
        record(.joinKeyRevoked, by: AuditJournal.administrator, of: "join-key:\(id)", "", from: source, at: now, into: &changes)
        effects.append(.persist(changes))
        return describe(key, at: now)
    }

    /// All join keys that are remembered, oldest first.
    package func joinKeyList(at now: Moment) -> JoinKeyList {
        JoinKeyList(joinKeys: joinKeys.values.sorted { $0.id < $1.id }.map { describe($0, at: now) })
    }

    // MARK: - Details

    private static func uses(of request: NewJoinKey) throws(RegistryError) -> Int? {
        if request.reusable ?? false {
            guard request.uses == nil else { throw .joinKeyUsesInvalid }
            return nil
        }
        let uses = request.uses ?? 1
        guard (1...RegistryLimits.maximumJoinKeyUses).contains(uses) else { throw .joinKeyUsesInvalid }
        return uses
    }

    /// Forgets the oldest join key that admits nobody any more, when there are as many as there may be.
    private mutating func makeRoomForJoinKey(at now: Moment) throws(RegistryError) -> [StoreChange] {
        let limit = configuration.limits.joinKeys
        guard joinKeys.count >= limit else { return [] }
        guard let dead = joinKeys.values.filter({ $0.state(at: now.time) != .valid }).min(by: { $0.id < $1.id }) else {
            throw .tooManyJoinKeys(limit: limit)
        }
        joinKeys[dead.id] = nil
        joinKeysByHash[dead.hash] = nil
        return [.removeJoinKey(dead.id)]
    }

    private func describe(_ key: JoinKeyRecord, at now: Moment) -> JoinKeyDescription {
        JoinKeyDescription(
            id: key.id, network: reference(to: key.network), state: key.state(at: now.time), created: key.created,
            expires: key.expires, revoked: key.revoked, used: key.used, uses: key.uses, ephemeral: key.isEphemeral,
            note: key.note)
    }
}

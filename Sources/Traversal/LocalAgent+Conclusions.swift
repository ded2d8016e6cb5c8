internal import STUN
internal import Wire

extension LocalAgent {
    /// Works out the description again and tells about it if it changed, or if `confirming`.
    mutating func publish(confirming: Bool = false, effects: inout [Effect]) {
        description.behavior = behavior
        description.candidates =
            CandidateGathering(
                sockets: description.sockets, interfaces: interfaces, mapped: mapped, extra: extra,
                allowsLoopback: configuration.allowsLoopback
            ).candidates
        if description.candidates != reported.candidates || description.behavior != reported.behavior
            || description.sockets != reported.sockets
        {
            reported = description
            effects.append(.descriptionChanged(description))
        } else if confirming {
            effects.append(.descriptionConfirmed(description))
        }
    }

    /// What the last study and the last round say together.
    private var behavior: NATBehavior {
        var behavior = studied
        behavior.reachability = description.behavior.reachability
        behavior.isCaptive = description.behavior.isCaptive
        behavior.searchesPorts = configuration.isExhaustive
        guard let socket = description.sockets.first(where: { $0.family == .ipv4 }),
            let seen = mapped.endpoints(of: socket.id).first
        else { return behavior }
        let own = interfaces.flatMap(\.addresses)
        behavior.isTranslated = !own.contains(seen.address)
        behavior.isNested = behavior.isTranslated == true && isNested(seen)
        behavior.allocation = mapped.allocation(of: socket.id, localPort: socket.port) ?? behavior.allocation
        behavior.ports = mapped.ports(of: socket.id) ?? behavior.ports
        switch mapped.mapping(of: socket.id) {
        case .endpointIndependent:
            behavior.mapping = .endpointIndependent
            behavior.mappingVaries = false
        case .addressDependent, .addressAndPortDependent, .destinationDependent: behavior.mappingVaries = true
        case nil: break
        }
        return behavior
    }

    /// Whether a second NAT is to be seen: the mapped address, or the one the gateway named, is no public one.
    private func isNested(_ seen: Endpoint) -> Bool {
        let outer = extra.lazy.filter { $0.kind == .portMapped }.map(\.endpoint.address)
        return [seen.address].contains { $0.isPrivate || $0.isSharedAddressSpace }
            || outer.contains { $0 != seen.address && ($0.isPrivate || $0.isSharedAddressSpace) }
    }
}

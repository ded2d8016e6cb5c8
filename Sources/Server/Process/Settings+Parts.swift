internal import Coordination
internal import Relay
internal import Wire

/// The settings in the words of the parts that they are for.
extension Settings {
    var registryConfiguration: Registry.Configuration {
        var configuration = Registry.Configuration()
        configuration.limits.nodesPerNetwork = limits.nodesPerNetwork
        configuration.limits.sourceRate = limits.anonymousRequestsPerSecond
        configuration.limits.sourceBurst = limits.anonymousRequestBurst
        configuration.limits.nodeRate = limits.nodeRequestsPerSecond
        configuration.limits.nodeBurst = limits.nodeRequestBurst
        configuration.nodeLifetime = nodeLifetime
        // A server that only this machine can reach is a trial on one machine.
        configuration.allowsLoopbackCandidates = !listen.isEmpty && listen.allSatisfy { $0.address.isLoopback }
        return configuration
    }

    var connectionLimits: ConnectionPlaces.Limits {
        ConnectionPlaces.Limits(total: limits.connections, perSource: limits.connectionsPerSource)
    }

    var relayLimits: RelayLimits {
        RelayLimits(
            bytesPerSecond: relay.bytesPerSecond, burstBytes: relay.burstBytes, maximumConnections: relay.connections)
    }

    /// Where STUN is to listen, with the default filled in.
    var stunEndpoints: [Endpoint] {
        guard stun.listen.isEmpty else { return stun.listen }
        let any = [IPAddress(ipv4: 0)] + (ServerListeners.hasIPv6 ? [IPAddress(high: 0, low: 0)] : [])
        return any.map { Endpoint($0, 3478) }
    }
}

internal import Coordination
internal import NIOCore
internal import NIOPosix
internal import STUN
internal import Wire

/// Finds out what network this machine is in: STUN from fresh sockets, and one exchange with the relay.
struct NetworkCheck: Sendable {
    let server: ServerAddress
    /// Where STUN answered before, for a server that cannot be asked.
    let knownSTUN: [Endpoint]
    let eventLoop: any EventLoop

    func run() async throws -> NetworkReport {
        var report = NetworkReport(server: server.url)
        let servers = try await askServer(&report)
        for family in [IPAddress.Family.ipv4, .ipv6] {
            let own = servers.filter { $0.address.family == family }
            guard let first = own.first else { continue }
            // Without a route there is no source address, and no way to ask.
            guard let address = await SourceAddress.towards(first, on: eventLoop) else { continue }
            let found = try await BehaviorCheck(on: eventLoop).run(servers: own, from: address)
            take(found, family, &report)
        }
        return report
    }

    /// Asks the server what it offers and how far it is; its silence goes into the report.
    private func askServer(_ report: inout NetworkReport) async throws -> [Endpoint] {
        let dialer = try ServerDialer(server: server, eventLoop: eventLoop)
        let exchange = HTTPExchange(dialer: dialer)
        do {
            let description = try await CoordinationLink(exchange: exchange).describeServer()
            let latency = try await exchange.roundTrip(path: "/derp/latency-check")
            report.relayMilliseconds = latency.time.inMilliseconds
            var servers = description.stun.endpoints
            if let address = latency.server ?? IPAddress(server.host) {
                let reached = Endpoint(address, description.stun.port)
                if !servers.contains(reached) { servers.append(reached) }
            }
            return servers
        } catch {
            let failure = (error as? Problem)?.failure ?? dialer.explain(error)
            report.relayProblem = "\(failure)"
            return knownSTUN
        }
    }

    private func take(_ found: BehaviorReport, _ family: IPAddress.Family, _ report: inout NetworkReport) {
        guard let mapped = found.mapped else { return }
        report.udp = true
        let latency = found.answers.compactMap(\.latency).min()?.inMilliseconds
        report.stunMilliseconds = [report.stunMilliseconds, latency].compactMap(\.self).min()
        guard family == .ipv4 else {
            report.mappedIPv6 = mapped.description
            return
        }
        report.mappedIPv4 = mapped.description
        report.isTranslated = found.isTranslated
        report.isNested = found.isTranslated == true && (mapped.address.isPrivate || mapped.address.isSharedAddressSpace)
        switch found.mapping {
        case .endpointIndependent: report.mappingVariesByDestination = false
        case .addressDependent, .addressAndPortDependent, .destinationDependent: report.mappingVariesByDestination = true
        case nil: break
        }
        report.mapping = found.mapping?.rawValue
        report.filtering = found.filtering?.rawValue
        report.portAllocation = found.preservesPort.map { $0 ? "preserving" : "not preserving" }
        report.hairpinning = found.isTranslated == true ? found.hairpins : nil
    }
}

extension LocalNode {
    /// Examines the network from a state directory, whether its node is running or not.
    public static func checkNetwork(state directory: StateDirectory) async throws -> NetworkReport {
        guard let state = try directory.load() else {
            throw NodeFailure(
                .invalidArgument, "\(directory.path) holds no node yet: run `causeway up 'LINE' --state \(directory.path)`")
        }
        return try await NetworkCheck(
            server: state.server, knownSTUN: state.stunServers, eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ).run()
    }
}

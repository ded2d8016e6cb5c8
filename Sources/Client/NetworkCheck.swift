internal import Coordination
internal import NIOCore
internal import NIOPosix
internal import PortMapping
internal import STUN
internal import Traversal
internal import Wire

/// Finds out what network this machine is in: STUN from fresh sockets, the gateway, and one exchange with the relay.
struct NetworkCheck: Sendable {
    /// What a running node knows already and a check cannot measure, or should not measure again.
    struct Known: Sendable {
        var mappingLifetime: Duration?
        var gateways: [IPAddress.Family: GatewayReport]
    }

    let server: ServerAddress
    /// Where STUN answered before, for a server that cannot be asked.
    let knownSTUN: [Endpoint]
    /// Nil without a running node: then the gateways are asked too.
    var known: Known?
    let eventLoop: any EventLoop

    func run() async throws -> NetworkReport {
        async let portal = PortalCheck(server: server, eventLoop: eventLoop).run()
        async let gateways = askGateways()
        var report = NetworkReport(server: server.url)
        let routes = DefaultRoute.all()
        report.hasIPv6Route = routes.preferred(of: .ipv6) != nil
        let nat64 = await lookForTranslator(routes, &report)
        let servers = try await askServer(&report)
        // What a NAT64 shows of IPv4 is a look of its own: it is translated, and IPv6 is not.
        let looks =
            [servers.filter(\.address.isIPv4), servers.filter { !$0.address.isIPv4 }]
            + [servers.compactMap { nat64?.synthesize($0) }]
        for own in looks {
            guard let first = own.first else { continue }
            // Without a route there is no source address, and no way to ask.
            guard let address = await SourceAddress.towards(first, on: eventLoop) else { continue }
            let found = try await BehaviorCheck(on: eventLoop).run(servers: own, from: address)
            guard let mapped = found.mapped else { continue }
            take(found, mapped, &report)
            guard mapped.address.isIPv4, found.isTranslated != false, let answering = found.answers.first?.server else {
                continue
            }
            take(PortPattern(await PortSurvey(on: eventLoop).run(answering)), &report)
        }
        take(await portal, &report)
        report.mappingLifetimeSeconds = known?.mappingLifetime?.inSeconds
        let seen = report.mappedIPv4.flatMap(Endpoint.init)?.address
        let asked = await gateways
        report.portMapping = asked[.ipv4].map { GatewayStatus($0, seen: seen) }
        report.portMappingIPv6 = asked[.ipv6].map { GatewayStatus($0, seen: nil) }
        if report.portMapping?.isDoubleNAT == true { report.isNested = true }
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
            // Behind a NAT64 a server cannot name its other address, since that would be an IPv4 one.
            if let alternate = description.stun.alternate, !servers.contains(alternate) { servers.append(alternate) }
            return servers
        } catch {
            let failure = (error as? Problem)?.failure ?? dialer.explain(error)
            report.relayProblem = "\(failure)"
            return knownSTUN
        }
    }

    private func askGateways() async -> [IPAddress.Family: GatewayReport] {
        if let known { return known.gateways }
        var reports: [IPAddress.Family: GatewayReport] = [:]
        for family in [IPAddress.Family.ipv4, .ipv6] {
            reports[family] = await GatewayCheck.run(family, on: eventLoop)
        }
        return reports
    }

    private func lookForTranslator(_ routes: Set<DefaultRoute>, _ report: inout NetworkReport) async -> NAT64Prefix? {
        report.hasCLAT = NAT64Discovery.hasCLAT(NetworkInterface.all(routes: routes))
        guard NAT64Discovery.isWanted(routes: routes) else { return nil }
        // Without an answer there is no translator.
        let prefix = (try? await NAT64Discovery.run(on: eventLoop).get()) ?? nil
        report.nat64Prefix = prefix?.description
        return prefix
    }

    private func take(_ verdict: PortalCheck.Verdict, _ report: inout NetworkReport) {
        switch verdict {
        case .absent: report.captivePortal = false
        case .present(let what):
            report.captivePortal = true
            report.captivePortalSign = what
        case .unknown: break
        }
    }

    private func take(_ found: BehaviorReport, _ mapped: Endpoint, _ report: inout NetworkReport) {
        report.udp = true
        let latency = found.answers.compactMap(\.latency).min()?.inMilliseconds
        report.stunMilliseconds = [report.stunMilliseconds, latency].compactMap(\.self).min()
        // The family that servers see: behind a NAT64 it is IPv4.
        guard mapped.address.isIPv4 else {
            report.mappedIPv6 = mapped.description
            report.filteringIPv6 = found.filtering?.rawValue
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

    private func take(_ pattern: PortPattern?, _ report: inout NetworkReport) {
        guard let pattern else { return }
        report.keepsPortParity = pattern.keepsParity
        switch pattern.allocation {
        case .preserving: report.portAllocation = "preserving"
        case .sequential(let step): (report.portAllocation, report.portStep) = ("sequential", step)
        case .random: report.portAllocation = "random"
        }
    }
}

extension LocalNode {
    /// Examines the network from a state directory whose node is not running; a running one knows more (`NodeControl`).
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

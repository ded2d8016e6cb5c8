internal import Logging
internal import PortMapping
internal import Traversal
internal import Wire

// The gateways that let packets of peers in, where they can be asked to.
extension LocalNode {
    /// Asks the gateways of the network as it is for a mapping of the socket that carries traffic.
    ///
    /// - Parameter isInDoubt: whether to make sure of the mappings though nothing has changed.
    func updateGateways(isInDoubt: Bool = false) async {
        guard options.mapsPorts else { return }
        for family in [IPAddress.Family.ipv4, .ipv6] {
            let socket = direct.sockets.values.first { WantedSocket($0.local) == WantedSocket(family: family) }
            var way: GatewayLink.Way?
            if let port = socket?.local.port, let interfaces = direct.interfaces {
                way = await GatewayLink.Way.find(
                    family, routes: direct.routes, interfaces: interfaces, port: port, on: eventLoop)
            }
            guard way != nil || gateways[family] != nil else { continue }
            let gateway = gateway(of: family)
            await gateway.setWay(way)
            if isInDoubt { await gateway.refresh() }
        }
    }

    /// Removes the mappings.
    func closeGateways() async {
        for gateway in gateways.values { await gateway.close() }
        gateways.removeAll()
    }

    private func gateway(of family: IPAddress.Family) -> GatewayLink {
        if let gateway = gateways[family] { return gateway }
        let gateway = GatewayLink(preferredPort: family == .ipv4 ? state.externalPort : nil, on: eventLoop) { report in
            self.assumeIsolated { $0.gatewayReported(report, family) }
        }
        gateways[family] = gateway
        return gateway
    }

    private func gatewayReported(_ report: GatewayReport, _ family: IPAddress.Family) {
        let old = direct.gateways[family]?.mapping
        direct.gateways[family] = report
        guard report.mapping != old else { return }
        if let mapping = report.mapping {
            log.info("port mapped", metadata: ["protocol": "\(mapping.method.name)"])
            if family == .ipv4, state.externalPort != mapping.external.port {
                state.externalPort = mapping.external.port
                save()
            }
        } else {
            log.info("port mapping gone")
        }
        extraCandidatesChanged(at: .now)
    }
}

extension MappingMethod {
    /// The protocol's name for people and in the API.
    var name: String {
        switch self {
        case .pcp: "pcp"
        case .natPMP: "nat-pmp"
        case .upnp: "upnp"
        }
    }
}

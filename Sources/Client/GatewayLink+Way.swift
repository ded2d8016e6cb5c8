internal import NIOCore
internal import NIOPosix
internal import PortMapping
internal import Traversal
internal import Wire

extension GatewayLink.Way {
    /// A global address: which of our own the kernel would take for it is found out by connecting a UDP socket, which sends nothing.
    private static let somewhere = Endpoint(IPAddress(high: 0x2001_0db8_0000_0000, low: 1), 9)

    /// The way that the default route of a family shows; nil without one, or without a gateway in it.
    ///
    /// - Parameter port: the UDP port of ours that is to be reached.
    static func find(
        _ family: IPAddress.Family, routes: Set<DefaultRoute>, interfaces: [NetworkInterface], port: UInt16,
        on eventLoop: any EventLoop
    ) async -> GatewayLink.Way? {
        guard let route = routes.preferred(of: family), let gateway = route.gatewayAddress,
            let interface = interfaces.first(where: { $0.name == route.interface && $0.role == .uplink })
        else { return nil }
        let destination = family == .ipv4 ? Endpoint(gateway, 9) : somewhere
        let chosen = await SourceAddress.towards(destination, on: eventLoop)
        let own = interface.addresses.filter { $0.family == family }
        guard let local = chosen.flatMap({ own.contains($0) ? $0 : nil }) ?? own.first(where: { !$0.isLinkLocal }) else {
            return nil
        }
        return GatewayLink.Way(
            route: PortMapping.Route(gateway: gateway, local: local, internalPort: port), interfaceIndex: interface.index)
    }
}

/// Which of its addresses this machine sends from.
enum SourceAddress {
    /// The address towards an endpoint; nil without a route.
    static func towards(_ endpoint: Endpoint, on eventLoop: any EventLoop) async -> IPAddress? {
        do {
            let channel = try await DatagramBootstrap(group: eventLoop).connect(to: endpoint.socketAddress()).get()
            let address = channel.localAddress.flatMap(Endpoint.init(socketAddress:))?.address
            try await channel.close()
            return address
        } catch {
            return nil
        }
    }
}

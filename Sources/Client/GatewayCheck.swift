internal import NIOCore
internal import PortMapping
internal import Traversal
internal import Wire

/// Asks the gateway for a port mapping to see what comes of it, and gives it back.
enum GatewayCheck {
    /// All protocols together: 250 ms to know of them, then up to a second and more for each that is slow.
    private static let patience = TimeAmount.seconds(4)

    /// What is found out; nil without a gateway.
    static func run(_ family: IPAddress.Family, on eventLoop: any EventLoop) async -> GatewayReport? {
        let routes = DefaultRoute.all()
        // The mapping leads to a port of ours, though to one where nobody reads. Without a socket there is nothing to ask for.
        guard
            let port = try? await eventLoop.submit({
                let socket = try DirectSocket(SocketID(0), WantedSocket(family: family), on: eventLoop) { _ in }
                return socket.local.port
            }).get(),
            let way = await GatewayLink.Way.find(
                family, routes: routes, interfaces: NetworkInterface.all(routes: routes), port: port, on: eventLoop)
        else { return nil }
        let (reports, source) = AsyncStream.makeStream(of: GatewayReport.self)
        let link = GatewayLink(on: eventLoop) { source.yield($0) }
        let timer = eventLoop.scheduleTask(in: patience) { source.finish() }
        await link.setWay(way)
        var last: GatewayReport?
        for await report in reports {
            last = report
            if report.isConcluded { break }
        }
        timer.cancel()
        await link.close()
        return last
    }
}

extension GatewayReport {
    /// Whether nothing more is to be expected soon.
    fileprivate var isConcluded: Bool {
        if mapping != nil { return true }
        guard isSettled else { return false }
        return failure != nil || MappingMethod.allCases.allSatisfy { self[$0] == .absent }
    }
}

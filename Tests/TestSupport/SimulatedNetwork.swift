package import Wire

/// What stands at an address of a network.
package enum Attachment {
    case host(SimulatedHost)
    /// The outer side of a gateway.
    case gateway(SimulatedGateway)
    case server(SimulatedServer)
    case bystander(SimulatedBystander)
}

/// A network segment: a LAN, a carrier's inner network, or the Internet's core.
package final class SimulatedNetwork {
    package let name: String
    /// One-way time through it.
    package var delay: Duration
    /// Added at random up to this, which reorders packets.
    package var jitter: Duration = .zero
    /// The share of packets lost, 0 to 1.
    package var loss = 0.0
    /// Routers inside: each takes one from the TTL.
    package var hops: UInt8
    /// The largest UDP payload that passes.
    package var largestPayload = 1472
    /// When false nothing passes.
    package var isUp = true
    /// The gateway to the network above; nil for the Internet.
    package internal(set) var uplink: SimulatedGateway?
    package var attachments: [IPAddress: Attachment] = [:]
    /// Gateways with networks behind them whose addresses are not translated.
    package var routes: [(prefix: IPAddress, length: Int, gateway: SimulatedGateway)] = []

    package init(_ name: String, delay: Duration, hops: UInt8 = 0) {
        self.name = name
        self.delay = delay
        self.hops = hops
    }

    func route(to address: IPAddress) -> SimulatedGateway? {
        routes.first { $0.prefix.family == address.family && address.prefix($0.length) == $0.prefix }?.gateway
    }
}

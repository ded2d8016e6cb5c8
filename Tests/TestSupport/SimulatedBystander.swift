internal import STUN
internal import Wire

/// Somebody else behind a gateway: opens connections all the time, and keeps one.
package final class SimulatedBystander {
    private let address: IPAddress
    private let network: SimulatedNetwork
    private unowned let internet: SimulatedInternet
    private let interval: Duration
    private var nextPort: UInt16 = 10_000
    /// The port of the connection that is kept.
    private let keptPort: UInt16 = 9999
    /// Requests sent and answered on connections made for each of them, and on the one that is kept.
    package private(set) var fresh = (sent: 0, answered: 0)
    package private(set) var kept = (sent: 0, answered: 0)

    /// - Parameters:
    ///   - host: the neighbour: the bystander has the address behind its first one.
    ///   - interval: between two connections.
    package init(beside host: SimulatedHost, of internet: SimulatedInternet, every interval: Duration) {
        let home = host.interfaces[0]
        address = IPAddress(ipv4: (home.addresses[0].ipv4 ?? 0) + 1)
        network = home.network
        self.internet = internet
        self.interval = interval
        network.attachments[address] = .bystander(self)
        again()
    }

    private func again() {
        nextPort += 1
        ask(from: nextPort)
        ask(from: keptPort)
        fresh.sent += 1
        kept.sent += 1
        internet.after(interval) { [weak self] in self?.again() }
    }

    private func ask(from port: UInt16) {
        guard let server = internet.server.endpoints.first else { return }
        let request = BindingRequest(transactionID: TransactionID(using: &internet.random))
        internet.send(
            SimulatedPacket(
                source: Endpoint(address, port), destination: server, payload: .stun(request.encoded()), timeToLive: 64,
                sender: nil,
                path: nil), into: network)
    }

    func receive(_ packet: SimulatedPacket) {
        if packet.destination.port == keptPort { kept.answered += 1 } else { fresh.answered += 1 }
    }
}

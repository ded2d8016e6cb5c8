internal import STUN
package import Wire

/// The STUN server: the real responder behind two addresses with two ports each, in each family.
package final class SimulatedServer {
    private let responder: Responder
    private let addresses: [ServerAddresses]
    private var reply = ByteWriter(reservingCapacity: 256)

    init(addresses: [ServerAddresses]) {
        self.addresses = addresses
        responder = Responder(addresses: addresses)
    }

    /// Where clients ask: both addresses of each family.
    package var endpoints: [Endpoint] { addresses.flatMap { [$0.primary, $0.alternate] } }

    func receive(_ packet: SimulatedPacket, in internet: SimulatedInternet) {
        guard case .stun(let request) = packet.payload else { return }
        reply.removeAll()
        switch responder.respond(to: request.bytes, from: packet.source, receivedOn: packet.destination, into: &reply) {
        case .ignored: return
        case .reply(let destination, let origin):
            guard let own = addresses.first(where: { $0.contains(packet.destination) }) else { return }
            internet.forward(
                SimulatedPacket(
                    source: own.socket(origin, from: packet.destination), destination: destination,
                    payload: .stun(reply.bytes), timeToLive: 64, sender: nil, path: nil), into: internet.core)
        }
    }
}

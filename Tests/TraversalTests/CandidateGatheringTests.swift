import STUN
import Testing
import Wire

@testable import Traversal

/// Which candidates come of what servers saw.
@Suite struct CandidateGatheringTests {
    private static let socket = LocalSocket(id: SocketID(0), family: .ipv6, port: 4000)
    private static let own = IPAddress(high: 0x2001_0db8_0001_0001, low: 0x11)
    private static let seen6 = Endpoint(own, 4000)
    private static let seen4 = Endpoint(IPAddress(198, 51, 100, 18), 4000)
    private static let server6 = Endpoint(IPAddress(high: 0x2001_0db8_0000_0000, low: 2), 3478)
    /// An IPv4 server as a NAT64 shows it.
    private static let server4 = Endpoint(IPAddress(high: 0x2001_0db8_0064_0000, low: 0xcb00_7102), 3478)
    private static let other4 = Endpoint(IPAddress(high: 0x2001_0db8_0064_0000, low: 0xcb00_7103), 3479)

    private func mapped(_ sightings: [(server: Endpoint, mapped: Endpoint)]) -> MappedEndpoints {
        var mapped = MappedEndpoints()
        for sighting in sightings {
            let answer = BindingRound.Answer(
                socket: Self.socket.id, server: sighting.server, mapped: sighting.mapped, latency: .milliseconds(20),
                otherAddress: nil)
            mapped.saw(answer, at: Instant(nanoseconds: 0))
        }
        return mapped
    }

    private func reflexive(_ mapped: MappedEndpoints) -> [Candidate] {
        CandidateGathering(sockets: [Self.socket], interfaces: [], mapped: mapped, extra: [], allowsLoopback: false).candidates
    }

    @Test func aSocketBehindANAT64HasACandidateOfEachFamily() {
        let mapped = mapped([(Self.server6, Self.seen6), (Self.server4, Self.seen4)])
        #expect(mapped.mapping(of: Self.socket.id) == nil)
        #expect(Set(reflexive(mapped).map(\.endpoint)) == [Self.seen6, Self.seen4])
    }

    @Test func theNATBehindANAT64IsJudgedByIPv4Alone() {
        let easy = mapped([(Self.server6, Self.seen6), (Self.server4, Self.seen4), (Self.other4, Self.seen4)])
        #expect(easy.mapping(of: Self.socket.id) == .endpointIndependent)
        #expect(easy.allocation(of: Self.socket.id, localPort: 4000) == .preserving)
        let elsewhere = Endpoint(Self.seen4.address, 5000)
        let hard = mapped([(Self.server6, Self.seen6), (Self.server4, Self.seen4), (Self.other4, elsewhere)])
        #expect(hard.mapping(of: Self.socket.id) == .destinationDependent)
        #expect(Set(reflexive(hard).map(\.endpoint)) == [Self.seen6, Self.seen4])
    }
}

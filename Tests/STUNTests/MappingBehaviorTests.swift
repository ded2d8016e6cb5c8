import STUN
import Testing
import Wire

struct MappingBehaviorTests {
    private func judge(_ samples: (String, UInt16)...) -> MappingBehavior? {
        MappingBehavior(
            samples: samples.map { .init(server: endpoint($0.0), mapped: Endpoint(IPAddress(198, 51, 100, 7), $0.1)) })
    }

    @Test
    func oneServerTellsNothing() {
        #expect(judge(("192.0.2.1:3478", 1000)) == nil)
        #expect(judge(("192.0.2.1:3478", 1000), ("192.0.2.1:3478", 1000)) == nil)
    }

    @Test
    func twoServersTellWhetherTheDestinationMatters() {
        #expect(judge(("192.0.2.1:3478", 1000), ("192.0.2.2:3478", 1000)) == .endpointIndependent)
        #expect(judge(("192.0.2.1:3478", 1000), ("192.0.2.2:3478", 1001)) == .destinationDependent)
    }

    @Test
    func twoPortsOfOneServerTellWhetherThePortMatters() {
        #expect(judge(("192.0.2.1:3478", 1000), ("192.0.2.1:3479", 1000)) == nil)
        #expect(judge(("192.0.2.1:3478", 1000), ("192.0.2.1:3479", 1001)) == .addressAndPortDependent)
    }

    @Test
    func bothTogetherTellAll() {
        #expect(
            judge(("192.0.2.1:3478", 1), ("192.0.2.2:3478", 2), ("192.0.2.2:3479", 2)) == .addressDependent)
        #expect(
            judge(("192.0.2.1:3478", 1), ("192.0.2.2:3478", 2), ("192.0.2.2:3479", 3)) == .addressAndPortDependent)
        #expect(
            judge(("192.0.2.1:3478", 1), ("192.0.2.2:3478", 1), ("192.0.2.2:3479", 1)) == .endpointIndependent)
    }
}

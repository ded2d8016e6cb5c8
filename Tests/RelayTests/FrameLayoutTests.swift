import DERP
import Testing
import Wire

@testable import Relay

struct FrameLayoutTests {
    @Test
    func theNumbersAreThoseOfDERP() {
        #expect(FrameLayout.headerCount == FrameHeader.byteCount)
        #expect(FrameLayout.keyCount == NodeKey.byteCount)
        #expect(FrameLayout.prefixCount == PacketLayout.prefixCount)
        #expect(FrameLayout.keyOffset == PacketLayout.keyOffset)
        #expect(FrameLayout.sendPacketType == FrameType.sendPacket.rawValue)
        #expect(FrameLayout.receivedPacketType == FrameType.receivedPacket.rawValue)
        #expect(FrameLayout.maximumPacketCount == Limits.maximumPacketCount)
        #expect(PacketKind.allCases.filter(\.isDisco) == [.disco])
    }
}

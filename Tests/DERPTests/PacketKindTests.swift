import DERP
import Testing
import VectorSupport
import Wire

struct PacketKindTests {
    private struct Vectors: Decodable {
        struct Case: Decodable {
            let hex: String
            let looksLikeDisco: Bool
        }
        let cases: [Case]
    }

    @Test func theCheapTestAgreesWithGo() throws {
        let vectors: Vectors = try Vector.load("disco/looks-like-disco.json")
        #expect(!vectors.cases.isEmpty)
        for vector in vectors.cases {
            let looksLikeDisco = PacketKind.looksLikeDisco(hex(vector.hex).bytes)
            #expect(looksLikeDisco == vector.looksLikeDisco)
        }
    }

    @Test func everyByteOfTheMagicCounts() {
        let packet = hex("5453f09f92ac") + [UInt8](repeating: 0, count: 56)
        #expect(kind(of: packet) == .disco)
        for index in 0..<6 {
            var changed = packet
            changed[index] ^= 1
            #expect(kind(of: changed) == .other)
        }
        #expect(kind(of: Array(packet.dropLast())) == .other)
    }

    @Test func labelsAreDistinct() {
        #expect(Set(DropReason.allCases.map(\.label)).count == DropReason.allCases.count)
        #expect(Set(CloseReason.allCases.map(\.label)).count == CloseReason.allCases.count)
        #expect(PacketKind.allCases.map(\.label) == ["disco", "other"])
    }

    private func kind(of packet: [UInt8]) -> PacketKind { PacketKind(of: packet.bytes) }
}

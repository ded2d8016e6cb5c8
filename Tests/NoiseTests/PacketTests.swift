import Noise
import Testing
import Wire

struct PacketTests {
    private func parse(_ bytes: [UInt8]) -> Packet? { Packet(parsing: bytes.bytes) }

    @Test
    func eachTypeIsKnownByItsFirstByteAndLength() {
        let initiation: [UInt8] = [0xc1, 0, 0, 0] + [UInt8](repeating: 7, count: 108)
        #expect(parse(initiation) == .initiation)
        let response: [UInt8] = [0xc2, 0, 0, 0, 1, 2, 3, 4] + [UInt8](repeating: 7, count: 52)
        #expect(parse(response) == .response(receiver: 0x0102_0304))
        let transport: [UInt8] = [0xc4, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 1, 0] + [UInt8](repeating: 7, count: 16)
        #expect(parse(transport) == .transport(receiver: 0x0102_0304, counter: 256))
        #expect(parse(transport + [0]) == .transport(receiver: 0x0102_0304, counter: 256))
        for bytes in [initiation, response, transport] {
            for count in 0..<min(bytes.count, 32) { #expect(parse(Array(bytes[..<count])) == nil) }
        }
        #expect(parse(initiation + [0]) == nil)
        #expect(parse(response.dropLast()) == nil)
    }

    @Test
    func reservedBytesMustBeZero() {
        #expect(parse([0xc4, 0, 0, 1] + [UInt8](repeating: 0, count: 40)) == nil)
    }

    @Test
    func neitherSTUNNorDiscoIsTakenForASession() {
        let stun = Hexadecimal.decode("000100142112a442000102030405060708090a0b802200087461696c6e6f6465802800048aabad90") ?? []
        #expect(parse(stun) == nil)
        let disco: [UInt8] = [0x54, 0x53, 0xf0, 0x9f, 0x92, 0xac] + [UInt8](repeating: 1, count: 118)
        #expect(parse(disco) == nil)
    }
}

import Testing
import Wire

@testable import Client

@Suite struct TunnelMessageTests {
    static let samples: [TunnelMessage] = [
        .echoRequest(sequence: 1), .echoReply(sequence: .max), .datagram(flow: 7, port: 7000, payload: [1, 2, 3]),
        .datagram(flow: 0, port: 1, payload: []), .answer(flow: .max, port: 65535, payload: [9]), .refused(flow: 3, port: 53),
    ]

    @Test(arguments: samples)
    func everyMessageSurvivesARoundTrip(message: TunnelMessage) {
        #expect(TunnelMessage(parsing: message.encoded.bytes) == message)
    }

    @Test func aDatagramIsLaidOutAsDocumented() {
        let message = TunnelMessage.datagram(flow: 0x0102_0304, port: 0x1b58, payload: [0xaa])
        #expect(message.encoded == [3, 1, 2, 3, 4, 0x1b, 0x58, 0xaa])
        #expect(message.encoded.count == TunnelMessage.datagramOverhead + 1)
    }

    @Test(arguments: samples)
    func aCutHeaderIsNoMessage(message: TunnelMessage) {
        let headerByteCount = message.encoded.count - message.payloadByteCount
        for count in 0..<headerByteCount {
            #expect(TunnelMessage(parsing: Array(message.encoded.prefix(count)).bytes) == nil)
        }
    }

    @Test(arguments: [0, 6, 0x17, 0xff] as [UInt8])
    func anUnknownTypeIsIgnored(type: UInt8) {
        #expect(TunnelMessage(parsing: ([type] + Array(repeating: 0, count: 20)).bytes) == nil)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed)
        let bytes = random.bytes(Int.random(in: 0...40, using: &random))
        if let message = TunnelMessage(parsing: bytes.bytes) {
            #expect(TunnelMessage(parsing: message.encoded.bytes) == message)
        }
    }
}

import DERP
import Testing
import Wire

struct FrameTests {
    @Test func aHeaderReadsTypeAndBigEndianLength() throws {
        let bytes: [UInt8] = [0xff, 0x04, 0x00, 0x01, 0x00, 0x20]
        let optional = FrameHeader(bytes.bytes, at: 1)
        let header = try #require(optional)
        #expect(header.type == .sendPacket)
        #expect(header.payloadCount == 0x10020)
        #expect(header.frameCount == 0x10025)
    }

    @Test(arguments: -2..<5)
    func aHeaderOfFewerThanFiveBytesIsNotRead(count: Int) {
        let bytes = [UInt8](repeating: 4, count: max(0, count))
        let short = FrameHeader(bytes.bytes)
        let five: [UInt8] = [4, 4, 4, 4, 4]
        let outside = FrameHeader(five.bytes, at: count < 0 ? count : count + 1)
        #expect(short == nil && outside == nil)
    }

    @Test func everyTypeSurvivesARoundTripAndOthersAreUnknown() {
        for rawType in UInt8.min...UInt8.max {
            var writer = ByteWriter()
            FrameHeader(rawType: rawType, payloadCount: 77).write(to: &writer)
            let header = FrameHeader(writer.bytes.bytes)
            #expect(header == FrameHeader(rawType: rawType, payloadCount: 77))
            #expect((header?.type == nil) == !FrameType.allCases.contains { $0.rawValue == rawType })
        }
    }

    /// Every server frame of every recording is written again from its parts, but for the boxes, whose nonces are random.
    @Test(arguments: Recording.names)
    func theServersFramesAreWrittenAsGoWritesThem(name: String) throws {
        for frame in try Recording.load(name).frames(from: "server") {
            let payload = hex(frame.payload)
            var expected = ByteWriter()
            FrameHeader(rawType: frame.type, payloadCount: payload.count).write(to: &expected)
            expected.write(payload)
            var writer = ByteWriter()
            switch FrameType(rawValue: frame.type) {
            case .serverKey: ServerFrame.writeServerKey(try nodeKey(in: payload, at: 8), to: &writer)
            case .receivedPacket:
                let source = try nodeKey(in: payload, at: 0)
                ServerFrame.writeReceivedPacket(from: source, Array(payload[32...]).bytes, to: &writer)
            case .keepAlive: ServerFrame.writeKeepAlive(to: &writer)
            case .peerGone:
                let key = try nodeKey(in: payload, at: 0)
                ServerFrame.writePeerGone(key, PeerGoneReason(code: payload[32]), to: &writer)
            case .peerPresent:
                let key = try nodeKey(in: payload, at: 0)
                var reader = ByteReader(payload.bytes, at: 32)
                let endpoint = try Endpoint(from: &reader)
                ServerFrame.writePeerPresent(key, at: endpoint, PresenceFlags(rawValue: payload[50]), to: &writer)
            case .pong: ServerFrame.writePong(try word(of: payload), to: &writer)
            case .serverInfo: continue
            default: Issue.record("an unexpected frame of type \(frame.type)")
            }
            #expect(writer.bytes == expected.bytes)
        }
    }

    @Test(arguments: Recording.names)
    func theClientsFramesAreWrittenAsGoWritesThem(name: String) throws {
        for frame in try Recording.load(name).frames(from: "client") {
            let payload = hex(frame.payload)
            var expected = ByteWriter()
            FrameHeader(rawType: frame.type, payloadCount: payload.count).write(to: &expected)
            expected.write(payload)
            var writer = ByteWriter()
            switch FrameType(rawValue: frame.type) {
            case .sendPacket:
                let destination = try nodeKey(in: payload, at: 0)
                ClientFrame.writeSendPacket(to: destination, Array(payload[32...]).bytes, to: &writer)
            case .notePreferred: ClientFrame.writeNotePreferred(payload[0] != 0, to: &writer)
            case .ping: ClientFrame.writePing(try word(of: payload), to: &writer)
            case .watchConnections: ClientFrame.writeWatchConnections(to: &writer)
            case .forwardPacket:
                let source = try nodeKey(in: payload, at: 0)
                let destination = try nodeKey(in: payload, at: 32)
                ClientFrame.writeForwardPacket(from: source, to: destination, Array(payload[64...]).bytes, to: &writer)
            case .closePeer: ClientFrame.writeClosePeer(try nodeKey(in: payload, at: 0), to: &writer)
            case .clientInfo: continue
            default: Issue.record("an unexpected frame of type \(frame.type)")
            }
            #expect(writer.bytes == expected.bytes)
        }
    }

    @Test func healthAndRestartingCarryTextAndMilliseconds() {
        var writer = ByteWriter()
        ServerFrame.writeHealth("hm", to: &writer)
        ServerFrame.writeRestarting(reconnectIn: .milliseconds(1500), tryFor: .seconds(60), to: &writer)
        #expect(writer.bytes == hex("1400000002686d") + hex("1500000008000005dc0000ea60"))
    }

    @Test func aSendPacketBecomesAReceivedPacketInPlace() throws {
        let source = try nodeKey(String(repeating: "ab", count: 32))
        let destination = try nodeKey(String(repeating: "cd", count: 32))
        let data: [UInt8] = [1, 2, 3]
        var sent = ByteWriter()
        ClientFrame.writeSendPacket(to: destination, data.bytes, to: &sent)
        var expected = ByteWriter()
        ServerFrame.writeReceivedPacket(from: source, data.bytes, to: &expected)
        var frame = sent.bytes
        frame[0] = FrameType.receivedPacket.rawValue
        frame.replaceSubrange(PacketLayout.keyOffset..<PacketLayout.prefixCount, with: source.bytes)
        #expect(frame == expected.bytes)
    }
}

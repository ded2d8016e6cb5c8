import DERP
import TLS
import Testing
import Wire

@testable import Relay

/// DERP inside WebSocket messages, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct WebSocketTests {
    @Test
    func streamAndWebSocketClientsReachEachOther() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn(isWebSocket: true)
        let b = try relay.logIn(tls: TestTLS())
        let data = [UInt8](repeating: 3, count: 65_536)
        try a.send(data, to: b.publicKey)
        #expect(try b.nextPacket()?.data == data)
        try b.send(data, to: a.publicKey)
        #expect(try a.nextPacket()?.data == data)
        #expect(a.longestMessage <= 32 << 10)
        #expect(await relay.datapath.snapshot().counters.webSocketAccepts == 1)
    }

    @Test
    func aPingIsAnsweredBetweenMessages() throws {
        let relay = try TestRelay()
        let a = try relay.logIn(isWebSocket: true)
        try a.sendFrame(9, [1, 2, 3])
        #expect(try a.next(within: 0.3) == nil)
        #expect(a.controlFrames.map(\.opcode) == [10])
        #expect(a.controlFrames.first?.payload == [1, 2, 3])
    }

    @Test
    func aTextMessageClosesTheConnectionWithItsCode() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn(tls: TestTLS(), isWebSocket: true)
        try a.sendFrame(1, Array("hello".utf8))
        #expect(try a.isClosed(within: 2))
        #expect(a.controlFrames.map(\.opcode) == [8])
        #expect(a.controlFrames.first?.payload == [0x03, 0xeb])
        #expect(await relay.datapath.snapshot().counters.closed(.badWebSocket) == 1)
    }

    @Test
    func aCloseIsAnswered() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn(isWebSocket: true)
        try a.sendFrame(8, [0x03, 0xe8])
        #expect(try a.isClosed(within: 2))
        #expect(a.controlFrames.first?.payload == [0x03, 0xe8])
        #expect(await relay.datapath.snapshot().counters.closed(.closedByClient) == 1)
    }

    @Test
    func packetsInFrontOfACloseAreDelivered() throws {
        let relay = try TestRelay()
        let a = try relay.logIn(isWebSocket: true)
        let b = try relay.logIn()
        var writer = ByteWriter()
        ClientFrame.writeSendPacket(to: b.publicKey, [7].bytes, to: &writer)
        // One segment, so that one read brings both.
        try a.socket.send(TestClient.masked(2, writer.bytes) + TestClient.masked(8, [0x03, 0xe8]))
        #expect(try b.nextPacket()?.data == [7])
        #expect(try a.isClosed(within: 2))
        #expect(a.controlFrames.first?.payload == [0x03, 0xe8])
    }

    @Test
    func aClientIsToldThatTheRelayGoesAway() async throws {
        let relay = try TestRelay()
        let client = try relay.logIn(tls: TestTLS(), isWebSocket: true)
        await relay.datapath.drain(within: .milliseconds(100))
        #expect(try client.isClosed(within: 1))
        #expect(client.controlFrames.map(\.opcode) == [8])
        #expect(client.controlFrames.first?.payload == [0x03, 0xe9])
    }
}

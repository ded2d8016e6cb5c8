import CryptoBox
import DERP
import Relay
import TLS
import Testing
import Wire

/// Packets from one client to another, over real sockets: clear and TLS, on one shard and across two.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct ForwardingTests {
    enum Wrapping: CaseIterable {
        case clear
        case tls12
        case tls13
        case webSocket
        case webSocketInTLS
    }

    private func tls(_ wrapping: Wrapping) throws -> TestTLS? {
        switch wrapping {
        case .clear, .webSocket: nil
        case .tls12: try TestTLS(versions: .tls12 ... .tls12)
        case .tls13, .webSocketInTLS: try TestTLS()
        }
    }

    private func isWebSocket(_ wrapping: Wrapping) -> Bool { wrapping == .webSocket || wrapping == .webSocketInTLS }

    @Test(arguments: Wrapping.allCases)
    func packetsOfEverySizeArriveUnchangedAndInOrder(wrapping: Wrapping) throws {
        let relay = try TestRelay()
        let tls = try tls(wrapping)
        // Connections are dealt out in turn: a and b are on different shards, a and c on the same one.
        let a = try relay.logIn(tls: tls, isWebSocket: isWebSocket(wrapping))
        let b = try relay.logIn(tls: tls, isWebSocket: isWebSocket(wrapping))
        let c = try relay.logIn(tls: tls, isWebSocket: isWebSocket(wrapping))
        var random = SeededGenerator(1)
        for size in [0, 1, 61, 62, 1400, 16_384, 40_000, 65_535, 65_536] {
            let data = random.bytes(size)
            for (from, to) in [(a, b), (b, a), (a, c), (a, a), (c, b)] {
                try from.send(data, to: to.publicKey)
                let received = try #require(try to.nextPacket())
                #expect(received.source == from.publicKey)
                #expect(received.data == data)
            }
        }
        #expect(b.longestMessage <= 32 << 10)
    }

    @Test(arguments: [Wrapping.clear, .tls13])
    func manyPacketsInOneWriteKeepTheirOrder(wrapping: Wrapping) throws {
        let relay = try TestRelay()
        let tls = try tls(wrapping)
        let a = try relay.logIn(tls: tls)
        let b = try relay.logIn(tls: tls)
        var writer = ByteWriter()
        for number in 0..<1000 {
            ClientFrame.writeSendPacket(to: b.publicKey, [UInt8(number & 0xff), UInt8(number >> 8)].bytes, to: &writer)
        }
        try a.send(writer.bytes)
        for number in 0..<1000 {
            #expect(try b.nextPacket()?.data == [UInt8(number & 0xff), UInt8(number >> 8)])
        }
    }

    @Test
    func framesThatComeByteByByteAreTaken() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn()
        let b = try relay.logIn()
        var writer = ByteWriter()
        ClientFrame.writeSendPacket(to: b.publicKey, [1, 2, 3].bytes, to: &writer)
        ClientFrame.writeSendPacket(to: b.publicKey, [UInt8](repeating: 7, count: 5000).bytes, to: &writer)
        for byte in writer.bytes { try a.send([byte]) }
        #expect(try b.nextPacket()?.data == [1, 2, 3])
        #expect(try b.nextPacket()?.data == [UInt8](repeating: 7, count: 5000))
    }

    @Test
    func aPacketOfMoreThan64KiBClosesTheConnection() throws {
        let relay = try TestRelay()
        let a = try relay.logIn()
        var writer = ByteWriter()
        FrameHeader(.sendPacket, payloadCount: 32 + 65_537).write(to: &writer)
        try a.send(writer.bytes)
        #expect(try a.isClosed(within: 2))
    }

    @Test
    func aPacketWithoutAWholeKeyClosesTheConnection() throws {
        let relay = try TestRelay()
        let a = try relay.logIn()
        var writer = ByteWriter()
        FrameHeader(.sendPacket, payloadCount: 31).write(to: &writer)
        try a.send(writer.bytes)
        #expect(try a.isClosed(within: 2))
    }

    @Test
    func framesBehindTheRequestHeadAndUnknownFramesAreTaken() throws {
        let relay = try TestRelay()
        let b = try relay.logIn()
        let a = try relay.logIn()
        try a.send { writer in
            // A type of the future, 100,000 bytes long, then a packet.
            writer.write(0x7f as UInt8)
            writer.write(100_000 as UInt32)
            writer.writeZeros(100_000)
            ClientFrame.writeSendPacket(to: b.publicKey, [9].bytes, to: &writer)
        }
        #expect(try b.nextPacket()?.data == [9])
    }

    @Test
    func pingsAreAnsweredAndCounted() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn(tls: TestTLS())
        for echo in 0..<10 as Range<UInt64> { try a.send { ClientFrame.writePing(echo, to: &$0) } }
        for echo in 0..<10 as Range<UInt64> { #expect(try a.next() == .other(.pong(echo))) }
        let counters = await relay.datapath.snapshot().counters
        #expect(counters.pings == 10)
        #expect(counters.pongs == 10)
    }

    @Test
    func theStatisticsCountWhatWasForwarded() async throws {
        let relay = try TestRelay()
        let a = try relay.logIn(info: ClientInfo(applicationName: "test"))
        let b = try relay.logIn()
        try a.send([UInt8](repeating: 1, count: 100), to: b.publicKey)
        _ = try b.nextPacket()
        try a.send { ClientFrame.writeNotePreferred(true, to: &$0) }
        let statistics = try await relay.wait { $0.counters.homeConnections == 1 }
        #expect(statistics.counters.accepts == 2)
        #expect(statistics.counters.logins == 2)
        #expect(statistics.counters.packetsReceived == 1)
        #expect(statistics.counters.bytesReceived == 100)
        #expect(statistics.counters.packetsSent == 1)
        #expect(statistics.counters.bytesSent == 100)
        #expect(statistics.counters.homeMovesIn == 1)
        #expect(statistics.clientKeys == 2)
        let listed = try #require(statistics.connections.first { $0.key == a.publicKey })
        #expect(listed.packetsReceived == 1)
        #expect(listed.applicationName == "test")
        #expect(listed.isHome)
        #expect(listed.isActive)
    }
}

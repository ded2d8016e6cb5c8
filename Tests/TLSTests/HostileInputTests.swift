import TLS
import Testing
import Wire

@Suite struct HostileInputTests {
    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: relay.example\r\n\r\n", "POST /derp HTTP/1.1\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1\r\n", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ])
    func whatIsNoTLSIsNamedSo(text: String) throws {
        let pair = try Fixture.pair()
        #expect(throws: TLSError.notTLS) { _ = try pair.server.read(Array(text.utf8), port: pair.serverPort) }
    }

    @Test(arguments: 0..<300)
    func noiseNeverTraps(seed: UInt64) throws {
        let pair = try Fixture.pair()
        var random = SeededGenerator(seed)
        var noise = random.bytes(Int.random(in: 1...600, using: &random))
        // Half of the noise looks like the start of a handshake record.
        if seed.isMultiple(of: 2) { noise.replaceSubrange(0..<min(3, noise.count), with: [0x16, 3, 1].prefix(noise.count)) }
        do {
            #expect(try pair.server.read(noise, port: pair.serverPort).isEmpty)
        } catch is TLSError {}
        pair.serverPort.abandon()
        #expect(!pair.server.isEstablished)
    }

    @Test func everyTruncationOfAHelloWaits() throws {
        let client = try Fixture.pair()
        try client.client.handshake()
        client.collect()
        for count in stride(from: 0, to: client.toServer.count, by: 7) {
            let pair = try Fixture.pair()
            #expect(try pair.server.read(Array(client.toServer[..<count]), port: pair.serverPort).isEmpty)
            #expect(pair.serverPort.output.isEmpty)
        }
    }

    @Test(arguments: 0..<60)
    func aChangedRecordIsRefused(seed: UInt64) throws {
        let pair = try Fixture.pair(seed.isMultiple(of: 2) ? .tls13 : .tls12)
        try pair.handshake()
        try pair.client.write(Fixture.bytes(200))
        pair.collect()
        var random = SeededGenerator(seed)
        // Not in the header: there it would wait for more, or be told apart otherwise.
        pair.toServer[Int.random(in: 5..<pair.toServer.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        #expect(throws: TLSError.brokenRecord) { _ = try pair.deliverToServer() }
        // The failure stays.
        #expect(throws: TLSError.brokenRecord) { try pair.server.write([1]) }
    }

    @Test func whatCameBeforeABrokenRecordIsDelivered() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        try pair.client.write([1, 2, 3])
        pair.collect()
        let good = pair.toServer
        try pair.client.write([4, 5, 6])
        pair.collect()
        var bytes = pair.toServer
        bytes[good.count + 8] ^= 1
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
        defer { buffer.deallocate() }
        let reading = try bytes.withUnsafeBytes { try pair.server.receive($0, into: buffer) }
        #expect(reading.count == 3 && reading.outcome == .hasMore)
        #expect(throws: TLSError.brokenRecord) { _ = try pair.server.read(into: buffer) }
        // bad_record_mac goes out as an alert.
        #expect(!pair.serverPort.output.isEmpty)
    }

    @Test func aRecordThatIsTooLongIsRefused() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        #expect(throws: TLSError.brokenRecord) {
            _ = try pair.server.read([0x17, 3, 3, 0x7f, 0xff] + Fixture.bytes(0x7fff), port: pair.serverPort)
        }
    }

    @Test func aSecondHelloInTheClearIsRefused() throws {
        let pair = try Fixture.pair(.tls12)
        try pair.handshake()
        let other = try Fixture.pair(.tls12)
        try other.client.handshake()
        other.collect()
        #expect(throws: TLSError.self) { _ = try pair.server.read(other.toServer, port: pair.serverPort) }
    }
}

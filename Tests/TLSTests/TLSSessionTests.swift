import TLS
import Testing
import Wire

@Suite struct TLSSessionTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func bytesArriveInBothDirections(version: TLSVersion) throws {
        let pair = try Fixture.pair(version)
        try pair.handshake()
        #expect(pair.client.negotiatedVersion == version)
        #expect(pair.server.negotiatedVersion == version)
        #expect(pair.server.serverName == "relay.example")
        try pair.client.write(Array("hello".utf8))
        pair.collect()
        #expect(try pair.deliverToServer() == Array("hello".utf8))
        try pair.server.write(Array("welcome".utf8))
        pair.collect()
        #expect(try pair.deliverToClient() == Array("welcome".utf8))
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func everyByteMayComeAlone(version: TLSVersion) throws {
        let pair = try Fixture.pair(version)
        try pair.handshake(chunk: 1)
        let message = Fixture.bytes(3000)
        try pair.client.write(message)
        pair.collect()
        #expect(try pair.deliverToServer(chunk: 1) == message)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func megabytesSurvive(version: TLSVersion) throws {
        let pair = try Fixture.pair(version)
        try pair.handshake()
        let message = Fixture.bytes(3 << 20)
        try pair.server.write(message)
        pair.collect()
        #expect(try pair.deliverToClient(chunk: 65_536) == message)
    }

    @Test func aNameThatIsAnAddressIsNotSent() throws {
        let pair = try Fixture.pair(peer: TLSPeer(host: "192.0.2.1", proof: .pin(Fixture.pin)))
        try pair.handshake()
        #expect(pair.server.serverName == nil)
    }

    @Test func manyPiecesBecomeOneRecord() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        let pieces = (0..<50).map { Fixture.bytes(100, seed: UInt64($0)) }
        for piece in pieces { try pair.server.gather(piece) }
        try pair.server.seal()
        pair.collect()
        // A header of 5 bytes, the content type and a tag of 16 bytes (RFC 8446 §5.2).
        #expect(pair.toClient.count == 5000 + 5 + 1 + 16)
        #expect(try pair.deliverToClient() == pieces.flatMap { $0 })
    }

    @Test(arguments: [1, 1000, 16_383, 16_384, 16_385, 40_000, 70_000])
    func piecesOfEverySizeKeepTheirOrder(size: Int) throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        let pieces = [Fixture.bytes(7), Fixture.bytes(size), Fixture.bytes(9), Fixture.bytes(size, seed: 2)]
        for piece in pieces { try pair.server.gather(piece) }
        try pair.server.seal()
        pair.collect()
        let plaintext = pieces.flatMap { $0 }
        let records = (plaintext.count + TLSPort.recordCapacity - 1) / TLSPort.recordCapacity
        #expect(pair.toClient.count == plaintext.count + records * 22)
        #expect(try pair.deliverToClient() == plaintext)
    }

    @Test func plaintextAlwaysFitsTheAnnouncedCapacity() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        try pair.server.write(Fixture.bytes(50_000))
        pair.collect()
        let ciphertext = pair.toClient
        // All but the last byte, then that byte: the rest of a record lies inside the session meanwhile.
        var total = 0
        for piece in [ciphertext.dropLast(), ciphertext.suffix(1)] {
            let capacity = TLSSession.plaintextCapacity(forCiphertext: piece.count)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
            defer { buffer.deallocate() }
            let reading = try Array(piece).withUnsafeBytes { try pair.client.receive($0, into: buffer) }
            #expect(reading.outcome == .wantsInput)
            total += reading.count
        }
        #expect(total == 50_000)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func closeNotifyEndsOneSide(version: TLSVersion) throws {
        let pair = try Fixture.pair(version)
        try pair.handshake()
        try pair.client.write([1, 2, 3])
        pair.client.closeNotify()
        pair.collect()
        #expect(try pair.deliverToServer() == [1, 2, 3])
        #expect(pair.server.isPeerClosed)
        #expect(!pair.server.isEstablished)
        try pair.server.write([4])
        pair.collect()
        #expect(try pair.deliverToClient() == [4])
    }

    @Test func closeNotifyIsSentOnce() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        pair.client.closeNotify()
        pair.collect()
        let first = pair.toServer.count
        pair.client.closeNotify()
        pair.collect()
        #expect(first > 0 && pair.toServer.count == first)
    }

    @Test func writingBeforeTheHandshakeIsRefused() throws {
        let pair = try Fixture.pair()
        #expect(throws: TLSError.notEstablished) { try pair.client.write([1]) }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aSessionMovesToAnotherPortBetweenTwoHalvesOfARecord(version: TLSVersion) throws {
        let pair = try Fixture.pair(version)
        try pair.handshake()
        let message = Fixture.bytes(2000)
        try pair.client.write(message)
        pair.collect()
        let half = pair.toServer.count / 2
        #expect(try pair.server.read(Array(pair.toServer[..<half]), port: pair.serverPort).isEmpty)

        pair.server.detach()
        pair.serverPort = TLSPort()
        pair.server.attach(to: pair.serverPort)

        #expect(try pair.server.read(Array(pair.toServer[half...]), port: pair.serverPort) == message)
        try pair.server.write([9, 8, 7])
        pair.collect()
        #expect(try pair.deliverToClient() == [9, 8, 7])
    }

    @Test func aPortServesManySessionsInTurn() throws {
        let port = TLSPort()
        let context = try Fixture.server()
        let servers = try (0..<4).map { _ in try TLSSession(server: context, port: port) }
        let clients = try servers.map { _ in
            let own = TLSPort()
            return (session: try TLSSession(client: Fixture.client(), to: Fixture.pinned, port: own), port: own)
        }
        for round in 0..<4 {
            for (server, client) in zip(servers, clients) {
                if round == 0 { try client.session.handshake() }
                let toServer = Array(client.port.output)
                client.port.clearOutput()
                _ = try server.read(toServer, port: port)
                let toClient = Array(port.output)
                port.clearOutput()
                _ = try client.session.read(toClient, port: client.port)
            }
        }
        #expect(servers.allSatisfy { $0.isEstablished })
        #expect(clients.allSatisfy { $0.session.isEstablished })
    }

    @Test func aPortWithBytesOfOneSessionTrapsWhenAnotherIsTouched() async {
        await #expect(processExitsWith: .failure) {
            let port = TLSPort()
            let first = try TLSSession(client: Fixture.client(), to: TLSPeer(host: "a.example"), port: port)
            let second = try TLSSession(client: Fixture.client(), to: TLSPeer(host: "b.example"), port: port)
            try first.handshake()
            try second.handshake()
        }
    }

    @Test func anAbandonedPortIsFreeForOthers() throws {
        let port = TLSPort()
        let first = try TLSSession(client: Fixture.client(), to: TLSPeer(host: "a.example"), port: port)
        let second = try TLSSession(client: Fixture.client(), to: TLSPeer(host: "b.example"), port: port)
        try first.handshake()
        port.abandon()
        #expect(port.output.isEmpty)
        try second.handshake()
        #expect(!port.output.isEmpty)
    }

    @Test func aSessionMayOutliveItsPort() throws {
        var port: TLSPort? = TLSPort()
        let session = try TLSSession(client: Fixture.client(), to: TLSPeer(host: "a.example"), port: try #require(port))
        session.detach()
        port = nil
        let other = TLSPort()
        session.attach(to: other)
        try session.handshake()
        #expect(!other.output.isEmpty)
    }

    @Test func aLargeOutputBufferIsGivenBack() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        for _ in 0..<3 {
            try pair.server.write(Fixture.bytes(2 << 20))
            pair.collect()
            #expect(try pair.deliverToClient().count == 2 << 20)
        }
    }
}

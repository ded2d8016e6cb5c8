import CryptoBox
import DERP
import Testing
import VectorSupport
import Wire

struct ClientConnectionTests {
    // MARK: - Recordings

    @Test(arguments: Recording.names, [1, 7, 100_000])
    func aRecordedServerIsUnderstoodInPiecesOfAnySize(name: String, pieceCount: Int) throws {
        let recording = try Recording.load(name)
        let events = try Self.replay(recording, announced: nil, pieceCount: pieceCount)
        #expect(events == (try Self.expectedEvents(recording)))
    }

    @Test(arguments: Recording.names)
    func underFastStartTheServersKeyIsPassedOver(name: String) throws {
        let recording = try Recording.load(name)
        let events = try Self.replay(recording, announced: recording.serverKey().publicKey, pieceCount: 100_000)
        #expect(events == (try Self.expectedEvents(recording)))
    }

    /// Feeds a recorded server to a client that has the recorded client's key, and describes the events.
    private static func replay(_ recording: Recording, announced: NodeKey?, pieceCount: Int) throws -> [String] {
        var random = testRandom()
        var output = ByteWriter()
        var client = ClientConnection(
            try recording.clientKey(), expectedServerKey: try recording.serverKey().publicKey, announcedServerKey: announced,
            at: .zero)
        try client.start(using: &random, to: &output)
        #expect((output.count > 0) == (announced != nil))
        var events: [String] = []
        let stream = recording.serverStream
        for start in stride(from: 0, to: stream.count, by: pieceCount) {
            client.receive(Array(stream[start..<min(start + pieceCount, stream.count)]).bytes, at: .zero)
            while let event = try client.nextEvent(at: .zero, using: &random, to: &output) {
                if case .packet(let source, let data) = event {
                    events.append("packet \(source.shortText) \(Hexadecimal.encode(client.buffer[data]))")
                } else {
                    events.append("\(event)")
                }
            }
        }
        return events
    }

    private static func expectedEvents(_ recording: Recording) throws -> [String] {
        try recording.frames(from: "server").compactMap { frame in
            let payload = hex(frame.payload)
            switch FrameType(rawValue: frame.type) {
            case .serverKey: return nil
            case .serverInfo: return "\(ClientConnection.Event.serverInfo(ServerInfo()))"
            case .receivedPacket: return "packet \(frame.payload.prefix(8)) \(frame.payload.dropFirst(64))"
            case .keepAlive: return "\(ClientConnection.Event.keepAlive)"
            case .pong: return "\(ClientConnection.Event.pong(try word(of: payload)))"
            case .peerGone:
                let key = try nodeKey(in: payload, at: 0)
                return "\(ClientConnection.Event.peerGone(key, PeerGoneReason(code: payload[32])))"
            case .peerPresent:
                let key = try nodeKey(in: payload, at: 0)
                var reader = ByteReader(payload.bytes, at: 32)
                let endpoint = try Endpoint(from: &reader)
                let flags = PresenceFlags(rawValue: payload[50])
                return "\(ClientConnection.Event.peerPresent(key, at: endpoint, flags))"
            default: return "unexpected"
            }
        }
    }

    // MARK: - Login

    @Test func bothMachinesUnderstandEachOther() throws {
        var pair = try Pair()
        #expect(pair.client.isReady)
        #expect(pair.client.serverKey == (try Pair.serverKey().publicKey))
        var data = ByteWriter()
        let sent = pair.client.send([1, 2, 3].bytes, to: try Pair.serverKey().publicKey, at: .zero, writer: &data)
        #expect(sent == .sent)
        pair.server.receive(data.bytes)
        #expect(pair.server.actions == ["forward to 37bb23f5: 010203"])
    }

    @Test func anotherKeyThanTheExpectedOneIsRefused() throws {
        let recording = try Recording.load("login")
        let other = try privateKey(String(repeating: "11", count: 32)).publicKey
        var client = ClientConnection(try recording.clientKey(), expectedServerKey: other, at: .zero)
        let error = Self.error(of: &client, receiving: recording.serverStream)
        #expect(error == .wrongServerKey(try recording.serverKey().publicKey))
        #expect(client.nextDeadline == nil)
    }

    @Test func anAnnouncedKeyThatIsNotTheExpectedOneIsRefusedBeforeAnythingIsSent() throws {
        let recording = try Recording.load("login")
        let other = try privateKey(String(repeating: "11", count: 32)).publicKey
        var client = ClientConnection(
            try recording.clientKey(), expectedServerKey: other, announcedServerKey: try recording.serverKey().publicKey,
            at: .zero)
        var random = testRandom()
        var output = ByteWriter()
        #expect(throws: ClientError.wrongServerKey(try recording.serverKey().publicKey)) {
            try client.start(using: &random, to: &output)
        }
        #expect(output.count == 0)
    }

    @Test func aServerThatOnlyClaimsAKeyIsFoundOut() throws {
        // The recorded ServerInfo was sealed for alice; bob cannot open it, as nobody could open a forged one.
        let recording = try Recording.load("login")
        var client = ClientConnection(try Recording.load("session-bob").clientKey(), at: .zero)
        #expect(Self.error(of: &client, receiving: recording.serverStream) == .unprovenServerKey)
    }

    @Test func aPacketBeforeTheServerProvedItsKeyMeansNothing() throws {
        let recording = try Recording.load("login")
        let stream = recording.serverStream
        let greeting = try header(of: stream).frameCount
        var packet = ByteWriter()
        ServerFrame.writeReceivedPacket(from: try recording.serverKey().publicKey, [1].bytes, to: &packet)
        var client = ClientConnection(try recording.clientKey(), at: .zero)
        var random = testRandom()
        var output = ByteWriter()
        let received = Array(stream[..<greeting]) + packet.bytes + Array(stream[greeting...])
        client.receive(received.bytes, at: .zero)
        let first = try client.nextEvent(at: .zero, using: &random, to: &output)
        #expect(first == .serverInfo(ServerInfo()))
    }

    @Test(arguments: [
        "0600000000", "010000000444455250", "0100000401", "010000002844455250f09f9492" + String(repeating: "09", count: 32),
        "485454502f312e31",
    ])
    func aGreetingThatIsNoneIsRefused(bytes: String) throws {
        var client = ClientConnection(try Recording.load("login").clientKey(), at: .zero)
        let padding = [UInt8](repeating: 0, count: 2000)
        let error = Self.error(of: &client, receiving: hex(bytes) + padding)
        #expect(error == .badGreeting || error == .frameTooLong(0x5454502f))
    }

    @Test func aLowOrderServerKeyIsRefused() throws {
        var writer = ByteWriter()
        ServerFrame.writeServerKey(try nodeKey("01" + String(repeating: "00", count: 31)), to: &writer)
        var client = ClientConnection(try Recording.load("login").clientKey(), at: .zero)
        #expect(Self.error(of: &client, receiving: writer.bytes) == .lowOrderServerKey)
    }

    @Test func extraBytesInTheGreetingAreIgnored() throws {
        let recording = try Recording.load("login")
        var client = ClientConnection(try recording.clientKey(), at: .zero)
        let greeting = [1, 0, 0, 0, 42] + Array(recording.serverStream[5..<45]) + [7, 7]
        #expect(Self.error(of: &client, receiving: greeting) == nil)
        #expect(client.serverKey == (try recording.serverKey().publicKey))
    }

    @Test func aServerThatDoesNotFinishTheLoginIsGivenUpAfterTenSeconds() throws {
        var client = ClientConnection(try Recording.load("login").clientKey(), at: .zero)
        #expect(client.nextDeadline == Instant.zero + .seconds(10))
        let early = client.deadlineReached(at: .zero + .seconds(9))
        let due = client.deadlineReached(at: .zero + .seconds(10))
        #expect(early == nil && due == .loginTimeout)
    }

    // MARK: - Steady state

    @Test func aSilentServerIsGivenUpAfterTwoMinutesWithoutAByte() throws {
        var pair = try Pair()
        pair.client.receive([6].bytes, at: .zero + .seconds(60))
        #expect(pair.client.nextDeadline == Instant.zero + .seconds(180))
        let early = pair.client.deadlineReached(at: .zero + .seconds(120))
        let due = pair.client.deadlineReached(at: .zero + .seconds(180))
        #expect(early == nil && due == .silentServer && !pair.client.isReady)
    }

    @Test func theServersRateIsKeptByDropping() throws {
        var pair = try Pair(ServerInfo(bytesPerSecond: 1000, burstBytes: 2000))
        let peer = try Pair.serverKey().publicKey
        let data = [UInt8](repeating: 0, count: 963)
        var output = ByteWriter()
        let results = (0..<3).map { _ in pair.client.send(data.bytes, to: peer, at: .zero, writer: &output) }
        #expect(results == [.sent, .sent, .rateLimited])
        let later = pair.client.send(data.bytes, to: peer, at: .zero + .seconds(1), writer: &output)
        #expect(later == .sent && output.count == 3000)
    }

    @Test func whatCannotBeSentIsSaid() throws {
        let peer = try Pair.serverKey().publicKey
        var output = ByteWriter()
        var early = ClientConnection(try Recording.load("login").clientKey(), at: .zero)
        let notReady = early.send([1].bytes, to: peer, at: .zero, writer: &output)
        var pair = try Pair()
        let tooLong = pair.client.send([UInt8](repeating: 0, count: 65_537).bytes, to: peer, at: .zero, writer: &output)
        #expect(notReady == .notReady && tooLong == .tooLong && output.count == 0)
        let largest = pair.client.send([UInt8](repeating: 0, count: 65_536).bytes, to: peer, at: .zero, writer: &output)
        #expect(largest == .sent)
    }

    @Test func aPingIsAnsweredByItself() throws {
        var pair = try Pair()
        var ping = ByteWriter()
        ClientFrame.writePing(0x0102_0304_0506_0708, to: &ping)
        let (events, output) = try pair.events(receiving: ping.bytes)
        #expect(events == [.pinged])
        #expect(output == hex("13000000080102030405060708"))
    }

    @Test func healthAndRestartAreReported() throws {
        var pair = try Pair()
        var writer = ByteWriter()
        ServerFrame.writeHealth("duplicate", to: &writer)
        ServerFrame.writeHealth("", to: &writer)
        ServerFrame.writeRestarting(reconnectIn: .milliseconds(250), tryFor: .seconds(30), to: &writer)
        let (events, _) = try pair.events(receiving: writer.bytes)
        #expect(
            events == [
                .health("duplicate"), .health(""), .restarting(reconnectIn: .milliseconds(250), tryFor: .seconds(30)),
            ])
    }

    @Test func shortFormsOfOldServersAreRead() throws {
        var pair = try Pair()
        let key = try nodeKey(String(repeating: "ab", count: 32))
        let (events, _) = try pair.events(receiving: hex("0800000020") + key.bytes + hex("0900000020") + key.bytes)
        #expect(events == [.peerGone(key, .disconnected), .peerPresent(key, at: nil, [])])
    }

    @Test(arguments: [0x05, 0x08, 0x09, 0x12, 0x13, 0x15, 0x7f, 0x01, 0x02] as [UInt8])
    func aFrameThatIsTooShortOrUnknownIsPassedOver(type: UInt8) throws {
        var pair = try Pair()
        let (events, output) = try pair.events(receiving: [type, 0, 0, 0, 3, 1, 2, 3, 6, 0, 0, 0, 0])
        #expect(events == [.keepAlive] && output.isEmpty)
    }

    @Test func aFrameOfMoreThanOneMebibyteIsRefused() throws {
        var pair = try Pair()
        #expect(Self.error(of: &pair.client, receiving: [5, 0, 0x10, 0, 0]) == nil)
        var other = try Pair()
        #expect(Self.error(of: &other.client, receiving: [5, 0, 0x10, 0, 1]) == .frameTooLong(1 << 20 + 1))
    }

    @Test(arguments: 0..<200)
    func randomBytesNeverTrap(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var pair = try Pair()
        for _ in 0..<50 {
            let count = Int.random(in: 0...100, using: &random)
            let frame = [UInt8.random(in: 0...0x16, using: &random), 0, 0, 0, UInt8(count)] + random.bytes(count)
            _ = Self.error(of: &pair.client, receiving: frame)
        }
    }

    private static func error(of client: inout ClientConnection, receiving bytes: [UInt8]) -> ClientError? {
        var random = testRandom()
        var output = ByteWriter()
        client.receive(bytes.bytes, at: .zero)
        do throws(ClientError) {
            while try client.nextEvent(at: .zero, using: &random, to: &output) != nil {}
            return nil
        } catch {
            return error
        }
    }
}

/// A client and a server that have logged in with each other.
private struct Pair {
    var client: ClientConnection
    var server: ServerShell

    static func serverKey() throws -> NodePrivateKey { try Recording.load("login").serverKey() }

    init(_ info: ServerInfo = ServerInfo()) throws {
        let serverKey = try Self.serverKey()
        client = ClientConnection(try Recording.load("login").clientKey(), expectedServerKey: serverKey.publicKey, at: .zero)
        server = ServerShell(ServerConnection.Identity(serverKey: serverKey))
        server.admits = false
        var greeting = ByteWriter()
        ServerFrame.writeServerKey(serverKey.publicKey, to: &greeting)
        let (_, login) = try events(receiving: greeting.bytes)
        server.receive(login)
        _ = server.connection.admit(info, at: .zero, using: &server.random, to: &server.output)
        let (events, _) = try events(receiving: server.output.bytes)
        #expect(events == [.serverInfo(info)])
    }

    mutating func events(receiving bytes: [UInt8]) throws -> ([ClientConnection.Event], output: [UInt8]) {
        var random = testRandom()
        var output = ByteWriter()
        var events: [ClientConnection.Event] = []
        client.receive(bytes.bytes, at: .zero)
        while let event = try client.nextEvent(at: .zero, using: &random, to: &output) { events.append(event) }
        return (events, output.bytes)
    }
}

import CryptoBox
import DERP
import Testing
import VectorSupport
import Wire

struct ServerConnectionTests {
    private struct LoginCases: Decodable {
        struct Case: Decodable {
            let name: String
            let bytes: String
            let outcome: String
        }
        let serverPrivate: String
        let clientPrivate: String
        let cases: [Case]
    }

    private struct FrameCases: Decodable {
        struct Case: Decodable {
            let name: String
            let bytes: String?
            let head: String?
            let payloadLength: Int?
            let outcome: String
        }
        let clientPublic: String
        let cases: [Case]
    }

    /// Logins that the Go server takes and this one refuses, on purpose.
    private static let refusedOnPurpose: [String: CloseReason] = [
        "null": .badClientInfo,
        "a negative version": .badClientInfo,
        "low-order key (u = 1) with a box that an all-zero shared secret opens": .lowOrderKey,
    ]

    private static let meshKey = "400565f9af74eeb892ef5aea69a017b0127ac204005d5f684c08cdf9f9aad670"

    // MARK: - Login

    @Test func everyLoginCaseEndsAsInGoButForThoseRefusedOnPurpose() throws {
        let vectors: LoginCases = try Vector.load("derp/login-cases.json")
        let serverKey = try privateKey(vectors.serverPrivate)
        let client = try privateKey(vectors.clientPrivate).publicKey
        #expect(vectors.cases.count == 47)
        for vector in vectors.cases {
            var shell = ServerShell(ServerConnection.Identity(serverKey: serverKey, meshKey: MeshKey(Self.meshKey)))
            shell.receive(hex(vector.bytes))
            if let reason = Self.refusedOnPurpose[vector.name] {
                #expect(shell.closed == reason, "\(vector.name)")
            } else if vector.outcome == "accepted" {
                #expect(shell.isReady && shell.closed == nil && shell.login?.key == client, "\(vector.name)")
            } else {
                #expect(shell.closed != nil && !shell.isReady, "\(vector.name)")
            }
        }
    }

    @Test(arguments: [
        ("55 bytes", CloseReason.badClientInfoSize), ("256 KiB and 1 byte announced", .badClientInfoSize),
        ("56 bytes", .badBox), ("last bit flipped", .badBox), ("a box for another server", .badBox),
        ("another key in front of the box", .badBox), ("a short mesh key", .badClientInfo), ("cut short", .badClientInfo),
        ("Ping first", .unexpectedFrame), ("an unknown type first", .unexpectedFrame), ("all-zero key and box", .lowOrderKey),
        ("all-zero key with a box that an all-zero shared secret opens", .lowOrderKey),
    ])
    func aRefusedLoginSaysWhy(name: String, reason: CloseReason) throws {
        let vectors: LoginCases = try Vector.load("derp/login-cases.json")
        let vector = try #require(vectors.cases.first { $0.name == name })
        var shell = ServerShell(ServerConnection.Identity(serverKey: try privateKey(vectors.serverPrivate)))
        shell.receive(hex(vector.bytes))
        #expect(shell.closed == reason)
    }

    @Test(arguments: [
        ("the right mesh key", true), ("a mesh key in upper case", true), ("capitalised names", false), ("minimal", false),
    ])
    func onlyTheRightMeshKeyMakesAMeshPeer(name: String, isMeshPeer: Bool) throws {
        let vectors: LoginCases = try Vector.load("derp/login-cases.json")
        let vector = try #require(vectors.cases.first { $0.name == name })
        let serverKey = try privateKey(vectors.serverPrivate)
        var shell = ServerShell(ServerConnection.Identity(serverKey: serverKey, meshKey: MeshKey(Self.meshKey)))
        shell.receive(hex(vector.bytes))
        #expect(shell.login?.isMeshPeer == isMeshPeer)
        #expect(shell.login?.presence == (isMeshPeer ? .meshPeer : .regular))
    }

    @Test func withoutAMeshKeyOfItsOwnAServerHasNoMeshPeers() throws {
        let recording = try Recording.load("mesh-watcher")
        var shell = ServerShell(ServerConnection.Identity(serverKey: try recording.serverKey()))
        shell.receive(recording.clientStream)
        #expect(shell.login?.isMeshPeer == false)
        #expect(shell.closed == .notMeshPeer)
    }

    @Test func aProberIsPresentAsOne() throws {
        let vectors: LoginCases = try Vector.load("derp/login-cases.json")
        let vector = try #require(vectors.cases.first { $0.name == "prober" })
        var shell = ServerShell(ServerConnection.Identity(serverKey: try privateKey(vectors.serverPrivate)))
        shell.receive(hex(vector.bytes))
        #expect(shell.login?.presence == .prober)
        #expect(shell.login?.info.applicationName == "prober")
    }

    @Test func theServerInfoOpensWithTheClientsKey() throws {
        let recording = try Recording.load("login")
        var shell = ServerShell(try recording.identity())
        shell.receive(recording.clientStream)
        let secret = try recording.clientKey().sharedSecret(with: recording.serverKey().publicKey)
        let header = try header(of: shell.output.bytes)
        #expect(header.type == .serverInfo)
        #expect(header.frameCount == shell.output.count)
        let opened = secret.open(shell.output.bytes.bytes.extracting(FrameHeader.byteCount..<header.frameCount))
        #expect(opened == Array(#"{"version":2}"#.utf8))
    }

    @Test func framesBehindTheClientInfoWaitForAdmission() throws {
        let recording = try Recording.load("session-bob")
        var shell = ServerShell(try recording.identity())
        shell.admits = false
        shell.receive(recording.clientStream)
        #expect(shell.login?.key == (try recording.clientKey().publicKey))
        #expect(shell.actions.isEmpty && shell.closed == nil && !shell.isReady)
        let admitted = shell.connection.admit(ServerInfo(), at: .zero, using: &shell.random, to: &shell.output)
        #expect(admitted)
        shell.receive([])
        #expect(!shell.actions.isEmpty)
        let admittedTwice = shell.connection.admit(ServerInfo(), at: .zero, using: &shell.random, to: &shell.output)
        #expect(!admittedTwice)
    }

    @Test func aRefusedClientIsPassedOver() throws {
        let recording = try Recording.load("session-bob")
        var shell = ServerShell(try recording.identity())
        shell.admits = false
        shell.receive(recording.clientStream)
        let reason = shell.connection.refuse()
        #expect(reason == .admissionDenied)
        shell.receive([])
        #expect(shell.actions.isEmpty)
    }

    // MARK: - Steady state

    @Test func everyFrameCaseEndsAsInGo() throws {
        let vectors: FrameCases = try Vector.load("derp/frame-cases.json")
        #expect(vectors.cases.count == 40)
        for vector in vectors.cases {
            var shell = try Self.loggedIn()
            var bytes = hex(vector.bytes ?? vector.head ?? "")
            if let count = vector.payloadLength {
                bytes += [UInt8](repeating: 0, count: FrameHeader.byteCount + count - bytes.count)
            }
            shell.receive(bytes)
            #expect((shell.closed == nil) == (vector.outcome == "open"), "\(vector.name)")
        }
    }

    @Test(arguments: [8, 9, 1000])
    func aPingIsAnsweredWithItsFirstEightBytes(count: Int) throws {
        var shell = try Self.loggedIn()
        shell.output.removeAll()
        shell.receive([0x12, 0, 0, UInt8(count >> 8), UInt8(count & 0xff)] + (0..<count).map { UInt8(truncatingIfNeeded: $0) })
        #expect(shell.output.bytes == hex("13000000080001020304050607"))
    }

    @Test func pingsBeyondTheBudgetAreDroppedUntilItRefills() throws {
        var shell = try Self.loggedIn()
        shell.output.removeAll()
        let ping = hex("12000000080001020304050607")
        for _ in 0..<100 { shell.receive(ping) }
        #expect(shell.output.count == 64 * 13)
        #expect(shell.actions == Array(repeating: "drop ping", count: 36))
        shell.receive(ping, at: .zero + .seconds(1))
        #expect(shell.output.count == 65 * 13)
    }

    @Test func aNotHereReportGoesOutThreeTimesAtOnceAndThenOnceASecond() throws {
        var shell = try Self.loggedIn()
        let atOnce = (0..<10).map { _ in shell.connection.mayReportNotHere(at: .zero) }
        #expect(atOnce.filter { $0 }.count == 3)
        let later = (0..<10).map { _ in shell.connection.mayReportNotHere(at: .zero + .seconds(1)) }
        #expect(later.filter { $0 }.count == 1)
    }

    @Test func anUnknownFrameIsPassedOverWhateverItsLength() throws {
        let connection = try Self.loggedIn().connection
        #expect(connection.examine(FrameHeader(rawType: 0x7f, payloadCount: 0xffff_ffff)) == .skip)
        #expect(connection.examine(FrameHeader(.clientInfo, payloadCount: 0xffff_ffff)) == .skip)
        #expect(connection.examine(FrameHeader(.sendPacket, payloadCount: 0xffff_ffff)) == .close(.badPacketSize))
    }

    @Test(arguments: [
        ("1000000001ff", CloseReason.badMeshFrame), ("1100000001ff", .badMeshFrame), ("0a0000003f", .badPacketSize),
        ("0a00010041", .badPacketSize),
    ])
    func aMeshFrameOfWrongLengthClosesAMeshPeersConnection(bytes: String, reason: CloseReason) throws {
        let recording = try Recording.load("mesh-watcher")
        var shell = ServerShell(try recording.identity())
        let login = try header(of: recording.clientStream).frameCount
        shell.receive(Array(recording.clientStream.prefix(login)))
        #expect(shell.isReady)
        shell.receive(hex(bytes))
        #expect(shell.closed == reason)
    }

    @Test(arguments: Recording.names, [1, 3, 4096])
    func aRecordedClientIsUnderstoodInPiecesOfAnySize(name: String, pieceCount: Int) throws {
        let recording = try Recording.load(name)
        var shell = ServerShell(try recording.identity())
        let stream = recording.clientStream
        for start in stride(from: 0, to: stream.count, by: pieceCount) {
            shell.receive(Array(stream[start..<min(start + pieceCount, stream.count)]))
        }
        #expect(shell.closed == nil && shell.isReady)
        #expect(shell.login?.key == (try recording.clientKey().publicKey))
        let expected = recording.frames(from: "client").compactMap { frame -> String? in
            let payload = hex(frame.payload)
            switch FrameType(rawValue: frame.type) {
            case .sendPacket: return "forward to \(frame.payload.prefix(8)): \(frame.payload.dropFirst(64))"
            case .forwardPacket: return Self.recordedForward(recording)
            case .notePreferred: return "preferred \(payload[0] != 0)"
            case .watchConnections: return "watch"
            case .closePeer: return "close \(frame.payload.prefix(8))"
            case .clientInfo, .ping: return nil
            default: return "unexpected"
            }
        }
        #expect(shell.actions == expected)
    }

    @Test(arguments: 0..<200)
    func randomFramesNeverTrap(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var shell = try Self.loggedIn()
        for _ in 0..<50 {
            let count = Int.random(in: 0...100, using: &random)
            shell.receive([UInt8.random(in: 0...0x16, using: &random), 0, 0, 0, UInt8(count)] + random.bytes(count))
        }
    }

    @Test func aPayloadThatIsNotAsLongAsItsHeaderSaysClosesTheConnection() throws {
        var connection = try Self.loggedIn().connection
        let payload = [UInt8](repeating: 0, count: 39)
        let action = connection.receive(FrameHeader(.sendPacket, payloadCount: 40), payload: payload.bytes, at: .zero)
        guard case .close(.unexpectedFrame) = action else {
            Issue.record("the frame was taken: \(action)")
            return
        }
    }

    private static func loggedIn() throws -> ServerShell {
        let recording = try Recording.load("login")
        var shell = ServerShell(try recording.identity())
        shell.receive(recording.clientStream)
        return shell
    }

    private static func recordedForward(_ recording: Recording) -> String {
        let payload = recording.frames.first { $0.type == FrameType.forwardPacket.rawValue }?.payload ?? ""
        return "forward from \(payload.prefix(8)) to \(payload.dropFirst(64).prefix(8)): \(payload.dropFirst(128))"
    }
}

import Coordination
import CryptoBox
import DERP
import Foundation
import NIOCore
import TLS
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct ServerProcessTests {
    // MARK: Start

    @Test func theStartUpFactsAreOneLineOfJSON() async throws {
        try await TestServer.run { server in
            let facts = server.process.startUp
            #expect(!facts.json.contains("\n"))
            #expect(try JSONDecoder().decode(StartUp.self, from: Data(facts.json.utf8)) == facts)
            #expect(facts.event == "started")
            #expect(facts.listen.allSatisfy { $0.port > 0 } && facts.stun.allSatisfy { $0.port > 0 })
            let line = try JoinLine(parsing: facts.joinLine)
            #expect(line.port == facts.listen.first?.port)
            #expect(try await server.register(TestNode(), joinKey: line.joinKey).status == 200)
            #expect(facts.text.contains(facts.joinLine))
        }
    }

    @Test func whatWasAcknowledgedIsThereAfterARestart() async throws {
        let directory = TemporaryDirectory()
        let key = Shared<(RegistrationResponse, NodeKey)>()
        try await TestServer.run(in: directory) { server in
            let (_, alice) = try await server.join("alice")
            key.value = (alice, server.process.startUp.relayKey)
        }
        let (alice, relayKey) = try #require(key.value)
        try await TestServer.run(in: directory) { server in
            #expect(server.process.startUp.relayKey == relayKey)
            let list = try await server.send("GET", "/v1/peers", headers: [alice.authorization]).decoded(PeerList.self)
            #expect(list?.me.name == "alice")
        }
    }

    @Test func secretsAreTheirOwnersAlone() async throws {
        try await TestServer.run { server in
            let directory = server.directory
            for file in [directory.keyFile, directory.databaseFile, directory.adminSocket] {
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(file)")
            }
            let mode = try FileManager.default.attributesOfItem(atPath: directory.path)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            #expect(try String(contentsOfFile: directory.keyFile, encoding: .utf8).hasPrefix("privkey:"))
        }
    }

    @Test func aSecondServerOnTheDirectoryIsRefused() async throws {
        try await TestServer.run { server in
            let settings = TestServer.settings(server.directory.path)
            let error = await #expect(throws: StartError.self) {
                try await ServerProcess.start(settings, logger: TestServer.quiet)
            }
            #expect(error?.status == .data)
            #expect(error?.description.contains("another causeway-server") ?? false)
        }
    }

    @Test(arguments: [
        (["[::]:443", "0.0.0.0:443"], [true, true]), (["[::]:443", "0.0.0.0:8443"], [false, true]), (["[::]:443"], [false]),
    ])
    func anIPv6WildcardTakesIPv4WhereNobodyElseDoes(listen: [String], leavesIPv4: [Bool]) throws {
        let endpoints = try listen.map { try #require(Endpoint($0)) }
        #expect(endpoints.map { ServerListeners.leavesIPv4($0, among: endpoints) } == leavesIPv4)
    }

    @Test func anAddressInUseIsNamed() async throws {
        try await TestServer.run { server in
            let taken = try #require(server.process.startUp.listen.first)
            let other = TemporaryDirectory()
            let settings = TestServer.settings(other.path) { $0.listen.append(taken) }
            let error = await #expect(throws: StartError.self) {
                try await ServerProcess.start(settings, logger: TestServer.quiet)
            }
            #expect(error?.status == .address)
            #expect(error?.description.contains("\(taken) is in use") ?? false)
        }
    }

    @Test func aDamagedKeyFileStopsTheStart() async throws {
        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        try "privkey:12".write(toFile: DataDirectory(path: directory.path).keyFile, atomically: true, encoding: .utf8)
        let settings = TestServer.settings(directory.path)
        let error = await #expect(throws: StartError.self) { try await ServerProcess.start(settings, logger: TestServer.quiet) }
        #expect(error?.status == .data)
    }

    // MARK: Relay

    @Test func aNodeOnTheRelayIsOnlineAlsoWithoutAStream() async throws {
        try await TestServer.run { server in
            let (alice, answer) = try await server.join("alice")
            func isOnline() async throws -> Bool? {
                try await server.administer("GET", "/v1/admin/nodes/\(answer.node.id)").decoded(NodeDescription.self)?.online
            }
            #expect(try await isOnline() == false)
            try await server.relay(alice.nodeKey) { link async throws in
                #expect(try await link.next() == .serverInfo(ServerInfo()))
                #expect(try await isOnline() == true)
                let stats = try await server.operate("GET", "/stats").decoded(StatisticsReport.self)
                #expect(stats?.coordination.onlineNodes == 1)
            }
        }
    }

    @Test func aRegisteredNodeIsAdmittedAndCutWithinASecondOfItsRemoval() async throws {
        try await TestServer.run { server in
            let (alice, answer) = try await server.join("alice")
            try await server.relay(alice.nodeKey) { link async throws in
                #expect(try await link.next() == .serverInfo(ServerInfo()))
                let start = ContinuousClock.now
                try await server.administer("DELETE", "/v1/admin/nodes/\(answer.node.id)")
                while try await link.next() != nil {}
                #expect(ContinuousClock.now - start < .seconds(1))
            }
            let statistics = try #require(try await server.operate("GET", "/stats").decoded(StatisticsReport.self))
            #expect(statistics.admitted == 1)
            #expect(statistics.relay.closes["revoked"] == 1)
        }
    }

    @Test func anUnknownKeyIsNotAdmitted() async throws {
        try await TestServer.run { server in
            try await server.relay(TestNode().nodeKey) { link async throws in #expect(try await link.next() == nil) }
            let statistics = try #require(try await server.operate("GET", "/stats").decoded(StatisticsReport.self))
            #expect(statistics.denied == 1 && statistics.relay.closes["admission_denied"] == 1)
        }
    }

    @Test func anOpenRelayAdmitsAnyone() async throws {
        try await TestServer.run({ $0.admission.mode = .open }) { server in
            try await server.relay(TestNode().nodeKey) { link async throws in
                #expect(try await link.next() == .serverInfo(ServerInfo()))
            }
        }
    }

    @Test func anotherServerMayDecideAndItsSilenceMeansNo() async throws {
        try await TestServer.run { registry in
            let (alice, _) = try await registry.join("alice")
            let url = registry.process.startUp.url + "/verify"
            try await TestServer.run({
                $0.admission.mode = .url
                $0.admission.url = url
            }) { server in
                try await server.relay(alice.nodeKey) { link async throws in
                    #expect(try await link.next() == .serverInfo(ServerInfo()))
                }
                try await server.relay(TestNode().nodeKey) { link async throws in #expect(try await link.next() == nil) }
            }
            try await TestServer.run({
                $0.admission.mode = .url
                $0.admission.url = "http://127.0.0.1:1/verify"
            }) { server in
                try await server.relay(alice.nodeKey) { link async throws in #expect(try await link.next() == nil) }
            }
        }
    }

    // MARK: Reload and shutdown

    @Test func aListThatIsReadAgainCutsWhoIsGone() async throws {
        let (alice, bob) = (TestNode(), TestNode())
        let file = try TemporaryFile("\(alice.nodeKey.publicKey)\n\(bob.nodeKey.publicKey)\n")
        try await TestServer.run({
            $0.admission.mode = .list
            $0.admission.list = file.path
        }) { server in
            try await server.relay(alice.nodeKey) { link async throws in
                #expect(try await link.next() == .serverInfo(ServerInfo()))
                try file.write("\(bob.nodeKey.publicKey)\n")
                await server.process.reload()
                while try await link.next() != nil {}
            }
            try await server.relay(bob.nodeKey) { link async throws in
                #expect(try await link.next() == .serverInfo(ServerInfo()))
            }
        }
    }

    @Test func aNewCertificateIsShownAfterAReloadAndOldConnectionsStay() async throws {
        let files = TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: files.path, withIntermediateDirectories: true)
        let (certificate, key) = (files.path + "/c.pem", files.path + "/k.pem")
        @Sendable func identity() throws -> TLSIdentity {
            let identity = try TLSIdentity.selfSigned(names: [], addresses: [IPAddress(127, 0, 0, 1)])
            try identity.save(certificateFile: certificate, keyFile: key)
            return identity
        }
        let first = try identity()
        try await TestServer.run({
            $0.plainHTTP = false
            $0.tls.certificate = certificate
            $0.tls.key = key
        }) { server in
            #expect(server.process.startUp.pin == nil)
            #expect(try await server.isTrusted(by: first.certificate))
            let second = try identity()
            #expect(try await !server.isTrusted(by: second.certificate))
            await server.process.reload()
            #expect(try await server.isTrusted(by: second.certificate))
            #expect(try await !server.isTrusted(by: first.certificate))
            try "damaged".write(toFile: certificate, atomically: true, encoding: .utf8)
            await server.process.reload()
            #expect(try await server.isTrusted(by: second.certificate))
        }
    }

    @Test func aReloadThatFailsInOnePartChangesNone() async throws {
        let alice = TestNode()
        let list = try TemporaryFile("\(alice.nodeKey.publicKey)\n")
        try await TestServer.run({
            $0.plainHTTP = false
            $0.admission.mode = .list
            $0.admission.list = list.path
        }) { server in
            let directory = server.directory
            let first = try TLSIdentity(certificateFile: directory.certificateFile, keyFile: directory.certificateKeyFile)
            for file in [directory.certificateFile, directory.certificateKeyFile] {
                try FileManager.default.removeItem(atPath: file)
            }
            try list.write("nodekey:12\n")
            await server.process.reload()
            #expect(try await server.isTrusted(by: first.certificate))
        }
    }

    @Test func aReloadNamesTheSettingsThatNeedARestart() async throws {
        let log = RecordedLog()
        let directory = TemporaryDirectory()
        let file = try TemporaryFile("limits:\n  requests-per-second: 7\nname: other\nrelay:\n  shards: 2\n")
        let loader = ConfigurationLoader(
            flags: [
                "--data": [directory.path], "--listen": ["127.0.0.1:0"], "--stun": ["127.0.0.1:0"], "--admin": ["127.0.0.1:0"],
                "--plain-http": ["true"],
            ], file: file.path)
        try await TestServer.run(in: directory, loader: loader, logger: log.logger) { server in
            await server.process.reload()
            let lines = log.lines
            #expect(lines.contains("warning: settings that have changed need a restart [keys: name, relay.shards]"))
            #expect(lines.contains("notice: certificate, limits and lists were read again"))
        }
    }

    @Test func aSelfSignedCertificateThatIsMadeAnewIsTheOneThatIsToldOf() async throws {
        try await TestServer.run({ $0.plainHTTP = false }) { server in
            let former = try #require(server.process.startUp.pin)
            for file in [server.directory.certificateFile, server.directory.certificateKeyFile] {
                try FileManager.default.removeItem(atPath: file)
            }
            await server.process.reload()
            let created = try await server.administer("POST", "/v1/admin/join-keys", json: "{}").decoded(CreatedJoinKey.self)
            let line = try JoinLine(parsing: try #require(created?.line))
            let digest = Hexadecimal.encode(try #require(line.certificateDigest))
            #expect("sha256-raw:" + digest != former)
            let shown = try TLSIdentity(
                certificateFile: server.directory.certificateFile, keyFile: server.directory.certificateKeyFile)
            #expect("sha256-raw:" + digest == shown.certificate.pin.description)
        }
    }

    @Test func aShutdownTellsClientsEndsStreamsAndTakesLessThanFiveSeconds() async throws {
        let start = Shared<ContinuousClock.Instant>()
        try await TestServer.run { server in
            let (alice, answer) = try await server.join("alice")
            let idle = try await server.connect()
            try await server.stream(of: answer) { events async throws in
                _ = try await events.next(named: "snapshot")
                try await server.relay(alice.nodeKey) { link async throws in
                    #expect(try await link.next() == .serverInfo(ServerInfo()))
                    start.value = .now
                    await server.shutDown()
                    guard case .restarting = try await link.next() else {
                        Issue.record("no notice of the restart")
                        return
                    }
                    while try await link.next() != nil {}
                }
                while try await events.next() != nil {}
            }
            try await idle.executeThenClose { inbound, _ in for try await _ in inbound {} }
        }
        #expect(ContinuousClock.now - (try #require(start.value)) < .seconds(5))
    }
}

/// A relay connection of a test, over plain HTTP.
struct RelayLink {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var connection: ClientConnection
    private var random = SystemRandomNumberGenerator()
    private var head = ""

    init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ key: NodePrivateKey
    ) {
        self.inbound = inbound
        self.outbound = outbound
        connection = ClientConnection(key, at: .zero)
    }

    /// The next event; nil when the server ends the connection.
    mutating func next() async throws -> ClientConnection.Event? {
        while true {
            var writer = ByteWriter()
            let event = try connection.nextEvent(at: .zero, using: &random, to: &writer)
            if writer.count > 0 { try await outbound.write(ByteBuffer(bytes: writer.bytes)) }
            if let event { return event }
            // A reset is an end like another.
            guard let part = try? await inbound.next() else { return nil }
            var bytes = Array(part.readableBytesView)
            if !head.hasSuffix("\r\n\r\n") {
                while let byte = bytes.first, !head.hasSuffix("\r\n\r\n") {
                    head.unicodeScalars.append(UnicodeScalar(byte))
                    bytes.removeFirst()
                }
                #expect(head.hasPrefix("HTTP/1.1 101 "))
            }
            connection.receive(bytes.bytes, at: .zero)
        }
    }
}

extension TestServer {
    /// Upgrades a connection to the relay and lets `body` use it.
    func relay(_ key: NodePrivateKey, _ body: (inout RelayLink) async throws -> Void) async throws {
        try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: HTTPUpgrade.request(host: "127.0.0.1", userAgent: "test")))
            var link = RelayLink(inbound.makeAsyncIterator(), outbound, key)
            try await body(&link)
        }
    }

    /// Whether the server shows a certificate that is this one.
    func isTrusted(by certificate: Certificate) async throws -> Bool {
        let context = try TLSContext(clientTrusting: [certificate], usesSystemRoots: false)
        let port = Int(process.startUp.listen.first?.port ?? 0)
        let client = HTTPClient(target: .tcp(host: "127.0.0.1", port: port, tls: true), tls: context)
        do {
            return try await client.send("GET", "/healthz", timeout: .seconds(10), maximumByteCount: 1 << 16).status == 200
        } catch HTTPClientError.timedOut {
            throw HTTPClientError.timedOut
        } catch {
            return false
        }
    }
}

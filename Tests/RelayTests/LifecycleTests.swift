import CryptoBox
import DERP
import Glibc
import Logging
import Synchronization
import TLS
import Testing
import Wire

@testable import Relay

/// Login, admission, keep-alives, limits, and every way a connection ends.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct LifecycleTests {
    @Test
    func theReplyGoesOutBeforeTheServerKey() throws {
        let relay = try TestRelay()
        let (client, server) = try TestSocket.pair()
        let head = Array("HTTP/1.1 101 Switching Protocols\r\n\r\n".utf8)
        relay.datapath.adopt(
            Adoption(
                descriptor: OwnedDescriptor(taking: server), transport: .plain, framing: .stream, unread: [], reply: head,
                source: Endpoint(IPAddress(127, 0, 0, 1), 1)))
        var bytes = [UInt8](repeating: 0, count: head.count + 45)
        let count = bytes.withUnsafeMutableBytes { recv(client.number, $0.baseAddress, $0.count, Int32(MSG_WAITALL)) }
        #expect(count == head.count + 45)
        var expected = ByteWriter()
        expected.write(head)
        ServerFrame.writeServerKey(relay.serverKey.publicKey, to: &expected)
        #expect(bytes == expected.bytes)
    }

    @Test(arguments: [1, 3, 40_000])
    func framesThatCameWithTheRequestAreTaken(packets: Int) throws {
        let relay = try TestRelay()
        let receiver = try relay.logIn()
        // Under fast start the client has sent its login and packets before the hand-off.
        var random = SeededGenerator(.random(in: 0 ... .max))
        let key = NodePrivateKey(using: &random)
        var machine = ClientConnection(key, announcedServerKey: relay.serverKey.publicKey, at: .zero)
        var writer = ByteWriter()
        try machine.start(using: &random, to: &writer)
        for number in 0..<packets {
            ClientFrame.writeSendPacket(to: receiver.publicKey, [UInt8(number & 0xff)].bytes, to: &writer)
        }
        let client = try relay.connect(key, unread: Array(writer.bytes.prefix(100_000)))
        try client.send(Array(writer.bytes.dropFirst(100_000)))
        var taken = 0
        while taken < packets, try receiver.nextPacket()?.data == [UInt8(taken & 0xff)] { taken += 1 }
        #expect(taken == packets)
    }

    @Test
    func aClientThatDoesNotLogInIsClosed() async throws {
        let relay = try TestRelay(loginTimeout: .milliseconds(150))
        let client = try relay.connect()
        let begin = ContinuousClock.now
        // The greeting is not looked at, so that no login is sent.
        var byte: UInt8 = 0
        while recv(client.socket.number, &byte, 1, 0) > 0 {}
        #expect(ContinuousClock.now - begin >= .milliseconds(140))
        #expect(ContinuousClock.now - begin < .seconds(3))
        #expect(await relay.datapath.snapshot().counters.closed(.loginTimeout) == 1)
    }

    @Test
    func aFrameBeforeTheLoginClosesTheConnection() async throws {
        let relay = try TestRelay()
        let client = try relay.connect()
        try client.send { ClientFrame.writePing(1, to: &$0) }
        #expect(try client.isClosed(within: 2))
        #expect(await relay.datapath.snapshot().counters.closed(.unexpectedFrame) == 1)
    }

    @Test
    func aLoginThatIsTooLongIsRefusedByItsHeader() async throws {
        let relay = try TestRelay()
        let client = try relay.connect()
        try client.send { FrameHeader(.clientInfo, payloadCount: 20_000).write(to: &$0) }
        #expect(try client.isClosed(within: 2))
        #expect(await relay.datapath.snapshot().counters.closed(.badClientInfoSize) == 1)
    }

    @Test
    func aDeniedClientIsClosed() async throws {
        let relay = try TestRelay(admission: FixedAdmission(decision: .deny))
        let client = try relay.connect()
        #expect(try client.isClosed(within: 2))
        #expect(await relay.datapath.snapshot().counters.closed(.admissionDenied) == 1)
    }

    @Test
    func framesWaitUntilTheAdmissionIsDecided() async throws {
        let admission = DelayedAdmission()
        let relay = try TestRelay(admission: admission)
        let client = try relay.connect()
        var random = SeededGenerator(.random(in: 0 ... .max))
        let key = client.key
        var machine = ClientConnection(key, announcedServerKey: relay.serverKey.publicKey, at: .zero)
        var writer = ByteWriter()
        try machine.start(using: &random, to: &writer)
        ClientFrame.writeSendPacket(to: key.publicKey, [1].bytes, to: &writer)
        try client.send(writer.bytes)
        let request = try await admission.request()
        #expect(request.key == key.publicKey)
        #expect(request.source == IPAddress(127, 0, 0, 1))
        #expect(!request.isMesh)
        try client.send { ClientFrame.writeSendPacket(to: key.publicKey, [2].bytes, to: &$0) }
        var descriptor = pollfd(fd: client.socket.number, events: Int16(POLLIN), revents: 0)
        var greeting = [UInt8](repeating: 0, count: 45)
        _ = greeting.withUnsafeMutableBytes { recv(client.socket.number, $0.baseAddress, 45, Int32(MSG_WAITALL)) }
        #expect(poll(&descriptor, 1, 100) == 0)
        admission.decide(.allow(network: 3))
        // ServerInfo and both packets.
        machine.receive(greeting.bytes, at: .zero)
        var received: [[UInt8]] = []
        while received.count < 2 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { recv(client.socket.number, $0.baseAddress, $0.count, 0) }
            try #require(count > 0)
            machine.receive(Array(buffer[..<count]).bytes, at: .zero)
            while let event = try machine.nextEvent(at: .zero, using: &random, to: &writer) {
                if case .packet(_, let range) = event { received.append(Array(machine.buffer[range])) }
            }
        }
        #expect(received == [[1], [2]])
        #expect(await relay.datapath.snapshot().connections.first?.network == 3)
    }

    @Test
    func theLoginPlaceIsGivenBackAtTheLoginOrAtTheEnd() async throws {
        let admission = DelayedAdmission()
        let relay = try TestRelay(admission: admission)
        let given = Lock(0)
        let client = try relay.connect(loginPlace: LoginPlace { given.withLock { $0 += 1 } })
        var silent: TestClient? = try relay.connect(loginPlace: LoginPlace { given.withLock { $0 += 10 } })
        _ = try? client.next(within: 0.01)  // Sends the login.
        _ = try await admission.request()
        #expect(given.withLock { $0 } == 0)
        admission.decide(.allow(network: 0))
        _ = try await relay.wait { $0.counters.clients == 1 }
        #expect(given.withLock { $0 } == 1)
        #expect(silent != nil)
        silent = nil
        _ = try await relay.wait { $0.counters.connections == 1 }
        #expect(given.withLock { $0 } == 11)
    }

    @Test
    func aRelayThatGetsNoDescriptorsDoesNotStart() async {
        await #expect(processExitsWith: .success) {
            let datapath = try Datapath(
                configuration: RelayConfiguration(shardCount: 2, logger: Logger(label: "relay.tests")),
                serverKey: .random(), admission: OpenAdmission())
            let free = open("/dev/null", O_RDONLY)
            close(free)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = rlim_t(free)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(throws: DatapathError.system(EMFILE)) { try datapath.start() }
            _ = await datapath.snapshot()
        }
    }

    @Test
    func anAdmissionThatIsNeverDecidedIsADenial() async throws {
        let relay = try TestRelay(admission: DelayedAdmission(), admissionTimeout: .milliseconds(100))
        let client = try relay.connect()
        #expect(try client.isClosed(within: 3))
        #expect(await relay.datapath.snapshot().counters.closed(.admissionTimeout) == 1)
    }

    @Test
    func keepAlivesComeAtTheInterval() throws {
        let relay = try TestRelay(keepAliveInterval: .milliseconds(100))
        let client = try relay.logIn(tls: TestTLS())
        let begin = ContinuousClock.now
        for _ in 0..<3 { #expect(try client.next() == .other(.keepAlive)) }
        #expect(ContinuousClock.now - begin >= .milliseconds(200))
        #expect(ContinuousClock.now - begin < .seconds(3))
    }

    @Test
    func cuttingAKeyClosesAllItsConnectionsAtOnce() async throws {
        let relay = try TestRelay()
        let key = NodePrivateKey.random()
        let first = try relay.logIn(key)
        let second = try relay.logIn(key, tls: TestTLS())
        let other = try relay.logIn()
        let begin = ContinuousClock.now
        relay.datapath.cut(key.publicKey, reason: .revoked)
        #expect(try first.isClosed(within: 1))
        #expect(try second.isClosed(within: 1))
        #expect(ContinuousClock.now - begin < .seconds(1))
        try other.send([1], to: other.publicKey)
        #expect(try other.nextPacket()?.data == [1])
        let statistics = await relay.datapath.snapshot()
        #expect(statistics.counters.closed(.revoked) == 2)
        #expect(statistics.clientKeys == 1)
    }

    @Test(arguments: [false, true])
    func drainingTellsClientsFlushesAndClosesWithinItsTime(usesTLS: Bool) async throws {
        let relay = try TestRelay()
        let tls = try usesTLS ? TestTLS() : nil
        let a = try relay.logIn(tls: tls)
        let b = try relay.logIn(tls: tls)
        relay.datapath.restarting(reconnectIn: .milliseconds(500), tryFor: .seconds(30))
        for client in [a, b] {
            #expect(try client.next() == .other(.restarting(reconnectIn: .milliseconds(500), tryFor: .seconds(30))))
        }
        let begin = ContinuousClock.now
        await relay.datapath.drain(within: .milliseconds(300))
        #expect(ContinuousClock.now - begin < .seconds(1))
        #expect(try a.isClosed(within: 1))
        #expect(try b.isClosed(within: 1))
        let late = try relay.connect()
        #expect(try late.isClosed(within: 1))
        relay.datapath.stop()
        #expect(await relay.datapath.snapshot().counters.accepts == 0)
    }

    @Test
    func stoppingClosesEverything() throws {
        let relay = try TestRelay()
        let a = try relay.logIn(tls: TestTLS())
        relay.datapath.stop()
        #expect(try a.isClosed(within: 1))
        #expect(throws: DatapathError.notRunning) { try relay.datapath.start() }
    }

    @Test
    func theNumberOfConnectionsIsLimited() throws {
        let relay = try TestRelay(limits: RelayLimits(maximumConnections: 2))
        let kept = try [relay.logIn(), relay.logIn()]
        let refused = try relay.connect()
        #expect(try refused.isClosed(within: 1))
        #expect(kept.count == 2)
    }

    @Test
    func theRateLimitSlowsAClientDownAndDropsNothing() async throws {
        let relay = try TestRelay(limits: RelayLimits(bytesPerSecond: 500_000, burstBytes: 0))
        let a = try relay.connect()
        #expect(try a.logIn() == ServerInfo(bytesPerSecond: 500_000, burstBytes: 65_573))
        let b = try relay.logIn()
        let begin = ContinuousClock.now
        let data = [UInt8](repeating: 1, count: 10_000)
        // Not `send` of the client machine, which would keep the limit by itself.
        for _ in 0..<20 { try a.send(data, to: b.publicKey) }
        for _ in 0..<20 { #expect(try b.nextPacket()?.data == data) }
        // 200 kB, of which 65 kB are the burst.
        #expect(ContinuousClock.now - begin > .milliseconds(200))
        #expect(await relay.datapath.snapshot().counters.rateLimitPauses > 0)
        relay.datapath.reconfigure(RelayLimits())
        let again = ContinuousClock.now
        // The limit would make it two seconds.
        for _ in 0..<100 { try a.send(data, to: b.publicKey) }
        for _ in 0..<100 { _ = try b.nextPacket() }
        #expect(ContinuousClock.now - again < .seconds(1))
    }

    private struct FixedAdmission: RelayAdmission {
        let decision: AdmissionDecision

        func admit(_ request: AdmissionRequest, decide: @escaping @Sendable (AdmissionDecision) -> Void) {
            decide(decision)
        }
    }

    /// Decides when the test says so.
    private final class DelayedAdmission: RelayAdmission {
        private let pending = Lock<(request: AdmissionRequest, decide: @Sendable (AdmissionDecision) -> Void)?>(nil)

        func admit(_ request: AdmissionRequest, decide: @escaping @Sendable (AdmissionDecision) -> Void) {
            pending.withLock { $0 = (request, decide) }
        }

        func request() async throws -> AdmissionRequest {
            for _ in 0..<1000 {
                if let request = pending.withLock({ $0?.request }) { return request }
                try await Task.sleep(for: .milliseconds(2))
            }
            throw TestFailure("admission was not asked")
        }

        func decide(_ decision: AdmissionDecision) {
            pending.withLock { $0?.decide }?(decision)
        }
    }
}

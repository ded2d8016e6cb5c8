import DERP
import NIOCore
import Server
import TLS
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct FrontChannelTests {
    enum Delivery: CaseIterable {
        case withTheHead
        case later
        case inSmallRecords
    }

    private static let upgrade = "GET /derp HTTP/1.1\r\nHost: relay.example\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n"
    private static var reply: [UInt8] { get throws { try HTTPUpgrade.reply(serverKey: FrontFixture.serverKey) } }

    // MARK: The hand-off

    @Test(arguments: [TLSVersion.tls12, .tls13], Delivery.allCases)
    func anUpgradeOverTLSIsHandedOff(version: TLSVersion, delivery: Delivery) async throws {
        for isFastStart in [false, true] {
            try await checkHandOff(FrontFixture(), version, delivery, isFastStart: isFastStart)
        }
    }

    @Test(arguments: Delivery.allCases)
    func anUpgradeOverPlainHTTPIsHandedOff(delivery: Delivery) async throws {
        for isFastStart in [false, true] {
            try await checkHandOff(FrontFixture(isTLS: false), .tls13, delivery, isFastStart: isFastStart)
        }
    }

    private func checkHandOff(
        _ fixture: FrontFixture, _ version: TLSVersion, _ delivery: Delivery, isFastStart: Bool
    ) async throws {
        let head = Array((Self.upgrade + (isFastStart ? "Derp-Fast-Start: 1\r\n\r\n" : "\r\n")).utf8)
        let small = SeededGenerator.bytes(100)
        let large = SeededGenerator.bytes(65_536 + 37)
        let greeting = try (isFastStart ? [] : Self.reply) + EchoRelay.greeting
        let expected = greeting + small + large
        let steps: [FrontFixture.Step]
        switch delivery {
        case .withTheHead: steps = [.send(head + small), .send(large), .receive(expected.count)]
        case .later: steps = [.send(head), .receive(greeting.count), .send(small), .send(large), .receive(expected.count)]
        case .inSmallRecords:
            let bytes = head + small
            let pieces = stride(from: 0, to: bytes.count, by: 7).map {
                FrontFixture.Step.send(Array(bytes[$0..<min($0 + 7, bytes.count)]))
            }
            steps = pieces + [.send(large), .receive(expected.count)]
        }
        #expect(try await fixture.converse(steps, version: version) == expected)
        let statistics = fixture.front.statistics
        #expect(statistics.handedOff == 1)
        #expect(statistics.handedOffFastStart == (isFastStart ? 1 : 0))
        #expect(statistics.http == 0 && statistics.refusedHandOffs == 0)
        #expect(statistics.handshakesTLS12 == (fixture.context != nil && version == .tls12 ? 1 : 0))
        // The place of a half-open connection goes with the relay's last reference to it.
        #expect(try await fixture.eventually { $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test func aWebSocketIsHandedOffWithItsFraming() async throws {
        let fixture = try await FrontFixture()
        let head =
            "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: derp\r\nIdeal-Node: 2\r\n\r\n"
        let reply = HTTPUpgrade.webSocketReply(accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let expected = reply + EchoRelay.greeting + [1, 2, 3]
        #expect(try await fixture.converse([.send(Array(head.utf8) + [1, 2, 3]), .receive(expected.count)]) == expected)
        #expect(fixture.relay.seen == [EchoRelay.Seen(isWebSocket: true, isNotIdeal: true, unreadCount: 3)])
        #expect(fixture.front.statistics.handedOffWebSocket == 1)
        try await fixture.stop()
    }

    @Test func aWebSocketRequestWithoutSubProtocolIsServedAsAStream() async throws {
        let fixture = try await FrontFixture()
        let head = Self.upgrade.replacing("Upgrade: DERP", with: "Upgrade: websocket") + "\r\n"
        let expected = try Self.reply + EchoRelay.greeting
        #expect(try await fixture.converse([.send(Array(head.utf8)), .receive(expected.count)]) == expected)
        #expect(fixture.relay.seen == [EchoRelay.Seen(isWebSocket: false, isNotIdeal: false, unreadCount: 0)])
        try await fixture.stop()
    }

    @Test(arguments: [("127.0.0.0/8", "203.0.113.9"), ("192.0.2.0/24", "127.0.0.1")])
    func theRelayLearnsWhatATrustedProxyNoted(proxies: String, origin: String) async throws {
        let fixture = try await FrontFixture(trustedProxies: [try #require(AddressPrefix(proxies))])
        let head = Self.upgrade + "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n\r\n"
        let expected = try Self.reply + EchoRelay.greeting
        #expect(try await fixture.converse([.send(Array(head.utf8)), .receive(expected.count)]) == expected)
        #expect(fixture.relay.seen.map(\.source) == [try #require(IPAddress(origin))])
        try await fixture.stop()
    }

    // MARK: HTTP beside it

    @Test(arguments: [true, false])
    func pipelinedRequestsAreAnsweredInOrder(isTLS: Bool) async throws {
        let fixture = try await FrontFixture(isTLS: isTLS)
        let requests = ["/a", "/b", "/c"].map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
        let answer = try await text(fixture, [.send(Array(requests.utf8)), .receiveUntil("GET /c 0.")])
        #expect(answer.matches(of: /HTTP\/1\.1 200 OK/).count == 3)
        #expect(answer.matches(of: /GET \/[abc] 0\./).map { String($0.output) } == ["GET /a 0.", "GET /b 0.", "GET /c 0."])
        #expect(fixture.front.statistics.http == 1)
        try await fixture.stop()
    }

    @Test func aConnectionIsKeptForTheNextRequest() async throws {
        let fixture = try await FrontFixture()
        let body = SeededGenerator.bytes(1 << 20)
        let answer = try await text(
            fixture,
            [
                .send(Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)), .receiveUntil("GET /a 0."),
                .send(Array("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body),
                .receiveUntil("POST /b \(body.count)."),
            ])
        #expect(answer.hasSuffix("POST /b 1048576."))
        #expect(fixture.front.statistics.accepted == 1)
        try await fixture.stop()
    }

    @Test(arguments: ["POST /derp HTTP/1.1", "GET /derp HTTP/1.0"])
    func anUpgradeThatIsNoneIsTheHTTPServersMatter(line: String) async throws {
        let fixture = try await FrontFixture()
        let head = Self.upgrade.replacing("GET /derp HTTP/1.1", with: line) + "\r\n"
        let answer = try await text(fixture, [.send(Array(head.utf8)), .receiveUntil(" /derp 0.")])
        #expect(answer.hasPrefix("HTTP/1.1 426 ") || answer.hasPrefix("HTTP/1.0 426 "))
        #expect(fixture.relay.seen.isEmpty)
        try await fixture.stop()
    }

    @Test func onlyTheFirstRequestOfAConnectionMayUpgrade() async throws {
        let fixture = try await FrontFixture()
        let answer = try await text(
            fixture,
            [
                .send(Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)), .receiveUntil("GET /a 0."),
                .send(Array((Self.upgrade + "\r\n").utf8)), .receiveUntil("GET /derp 0."),
            ])
        #expect(answer.contains("HTTP/1.1 426 "))
        #expect(fixture.relay.seen.isEmpty)
        try await fixture.stop()
    }

    @Test func aReplacedCertificateServesTheNextConnection() async throws {
        let fixture = try await FrontFixture()
        let request = FrontFixture.Step.send(Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        _ = try await fixture.converse([request, .receiveUntil("GET /a 0.")])
        let other = try TLSIdentity.selfSigned(names: ["relay.example"], addresses: [])
        try #require(fixture.context).value = try TLSContext(server: other)
        let answer = try await fixture.converse([request, .receiveUntil("GET /a 0.")], identity: other)
        #expect(!answer.isEmpty)
        try await fixture.stop()
    }

    private func text(_ fixture: FrontFixture, _ steps: [FrontFixture.Step]) async throws -> String {
        String(decoding: try await fixture.converse(steps), as: UTF8.self)
    }
}

extension SeededGenerator {
    static func bytes(_ count: Int) -> [UInt8] {
        var random = SeededGenerator(3)
        return random.bytes(count)
    }
}

import Server
import Testing
import VectorSupport
import Wire

@Suite struct FirstRequestTests {
    private static let head = "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n"

    @Test func aStockClientsRequestIsAnUpgrade() {
        #expect(classify(Self.head) == .derp(upgrade(Self.head)))
    }

    @Test func whatFollowsTheHeadIsNotPartOfIt() {
        #expect(classify(Self.head + "\u{2}\r\n\r\n") == .derp(upgrade(Self.head)))
    }

    @Test(arguments: 0..<head.utf8.count)
    func aPartOfTheHeadIsIncomplete(count: Int) {
        #expect(FirstRequest.classify(Array(Self.head.utf8.prefix(count))) == .incomplete)
    }

    @Test(arguments: [
        "GET /derp HTTP/1.1\r\nhost:a\r\nupgrade:derp\r\nconnection:upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade:  DeRp \r\nConnection: keep-alive, UPGRADE\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp?x=1 HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
        // Very early clients; no sub-protocol means no WebSocket messages.
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\nDerp-Fast-Start: 0\r\n\r\n",
    ])
    func otherSpellingsAreUpgradesToo(head: String) {
        #expect(classify(head) == .derp(upgrade(head)))
    }

    @Test func fastStartAndIdealNodeAreSeen() {
        let head =
            "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: DERP\r\nConnection: Upgrade\r\nDerp-Fast-Start: 1\r\nIdeal-Node: 1f\r\n\r\n"
        var expected = upgrade(head)
        expected.isFastStart = true
        expected.isNotIdeal = true
        #expect(classify(head) == .derp(expected))
    }

    @Test func whatProxiesNotedIsOneList() {
        let head =
            "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: DERP\r\nConnection: Upgrade\r\nX-Forwarded-For: 198.51.100.7\r\n"
            + "x-forwarded-for: 10.0.0.2, 10.0.0.1\r\n\r\n"
        var expected = upgrade(head)
        expected.forwardedFor = "198.51.100.7, 10.0.0.2, 10.0.0.1"
        #expect(classify(head) == .derp(expected))
    }

    @Test func aWebSocketForDERPHasItsKeyAndNoFastStart() {
        let head =
            "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, derp\r\nDerp-Fast-Start: 1\r\n\r\n"
        var expected = upgrade(head)
        expected.webSocketKey = "dGhlIHNhbXBsZSBub25jZQ=="
        #expect(classify(head) == .derp(expected))
        #expect(classify(head.replacing("dGhlIHNhbXBsZSBub25jZQ==", with: "c2hvcnQ=")) == .http)
        #expect(classify(head.replacing("Version: 13", with: "Version: 8")) == .http)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /derp/probe HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /derp HTTP/1.1\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp, derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.0\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "get /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET  /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET http://a/derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "POST /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "HEAD /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\n Connection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost : a\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\nHost: a\nUpgrade: derp\nConnection: Upgrade\n\n",
        "GET /derp HTTP/1.1\r\nHost: a\u{0}\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "GET /derp HTTP/1.1\r\nHost: a\rX: b\r\nUpgrade: derp\r\nConnection: Upgrade\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func everythingElseIsHTTP(head: String) {
        #expect(classify(head) == .http)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{1}", "hello", "EHLO example\r\n", "\r\n"])
    func whatCannotBecomeHTTPIsNotWaitedFor(text: String) {
        #expect(classify(text) == .http)
    }

    @Test func aHeadOfMoreThan8KiBIsNotForUs() {
        let start = "GET /derp HTTP/1.1\r\nHost: a\r\nUpgrade: derp\r\nConnection: Upgrade\r\nX: "
        func head(_ total: Int) -> [UInt8] {
            Array(start.utf8) + Array(repeating: 120, count: total - start.utf8.count - 4) + Array("\r\n\r\n".utf8)
        }
        #expect(FirstRequest.classify(head(8192)) == .derp(upgrade(String(repeating: "x", count: 8192))))
        #expect(FirstRequest.classify(head(8193)) == .http)
        #expect(FirstRequest.classify(Array(head(9000).prefix(8191))) == .incomplete)
        #expect(FirstRequest.classify(Array(head(9000).prefix(8192))) == .http)
    }

    @Test(arguments: ["login.json", "login-fast-start.json", "websocket.json", "session-alice.json"])
    func recordedClientsAreUpgraded(file: String) throws {
        let recording = try Vector.load("derp/" + file, as: Recording.self)
        let bytes = try recording.parts(of: "client").flatMap { $0 }
        guard case .derp(let upgrade) = FirstRequest.classify(bytes) else {
            Issue.record("not taken for an upgrade")
            return
        }
        #expect(upgrade.isFastStart == (file == "login-fast-start.json"))
        #expect((upgrade.webSocketKey != nil) == (file == "websocket.json"))
        // ClientInfo, or the start of a binary WebSocket message.
        #expect(bytes[upgrade.headByteCount] == (file == "websocket.json" ? 0x82 : 0x02))
    }

    @Test func theAcceptValueIsThatOfTheStandardAndOfTheRecording() throws {
        // RFC 6455 §1.3.
        #expect(WebSocketHandshake.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let recording = try Vector.load("derp/websocket.json", as: Recording.self)
        let sent = try #require(recording.parts(of: "client").first)
        let answered = try #require(recording.parts(of: "server").first)
        guard case .derp(let upgrade) = FirstRequest.classify(sent) else {
            Issue.record("not taken for an upgrade")
            return
        }
        let accept = WebSocketHandshake.accept(key: try #require(upgrade.webSocketKey))
        #expect(String(decoding: answered, as: UTF8.self).contains(": \(accept)\r\n"))
    }

    @Test(arguments: 0..<200)
    func noiseNeverTraps(seed: UInt64) {
        var random = SeededGenerator(seed)
        var bytes = Array(Self.head.utf8)
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            bytes[position] = UInt8.random(in: 0...255, using: &random)
        }
        let verdict = FirstRequest.classify(bytes)
        if case .derp(let upgrade) = verdict { #expect(upgrade.headByteCount <= bytes.count) }
        _ = FirstRequest.classify(random.bytes(300))
    }

    private func classify(_ text: String) -> FirstRequest.Verdict { FirstRequest.classify(Array(text.utf8)) }

    private func upgrade(_ head: String) -> FirstRequest.Upgrade {
        FirstRequest.Upgrade(headByteCount: head.utf8.count)
    }
}

private struct Recording: Decodable {
    struct Part: Decodable {
        let from: String
        let hex: String
    }

    let exchange: [Part]

    func parts(of side: String) throws -> [[UInt8]] {
        try exchange.filter { $0.from == side }.map { try #require(Hexadecimal.decode($0.hex)) }
    }
}

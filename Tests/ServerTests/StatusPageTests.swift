import Coordination
import CryptoBox
import Foundation
import NIOHTTP1
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct StatusPageTests {
    private static let reports = """
        {"sequence":%d,"candidates":[],"nat":{"mapping":"address-and-port-dependent"},\
        "paths":[{"peer":%d,"state":"relayed","probesSent":206,"latencyMilliseconds":41.25}]}
        """

    /// Two nodes that say they are relayed.
    private static func relayedPair(_ server: TestServer) async throws {
        let (_, alice) = try await server.join("alice")
        let (_, bob) = try await server.join("bob")
        for (one, other) in [(alice, bob), (bob, alice)] {
            let answer = try await server.send(
                "PUT", "/v1/nodes/self/candidates", headers: [one.authorization],
                json: String(format: reports, 1, other.node.id.rawValue))
            #expect(answer.status == 204, "\(answer.text)")
        }
    }

    private static let sentence = "both NATs map by destination; 412 probes, no answer"

    @Test func aRelayedPairIsShownWithItsReason() async throws {
        try await TestServer.run { server in
            try await Self.relayedPair(server)
            let page = try await server.operate("GET", "/")
            #expect(page.status == 200)
            for text in [Self.sentence, "alice", "bob", "41.3 ms", "relayed"] { #expect(page.text.contains(text), "\(text)") }
            let pairs = try await server.administer("GET", "/v1/admin/pairs?network=default").decoded(PairList.self)
            #expect(pairs?.pairs.map(\.why) == [Self.sentence])
        }
    }

    @Test func theConsoleListsPairs() async throws {
        try await TestServer.run { server in
            try await Self.relayedPair(server)
            let lines = try await OperatorConsole(data: server.directory.path).pairs(in: "default").split(separator: "\n")
            #expect(lines.first == "NETWORK  ONE    OTHER  PATH     LATENCY  WHY")
            #expect(lines.last == "default  alice  bob    relayed  41.3 ms  \(Self.sentence)")
            let json = try await OperatorConsole(data: server.directory.path, isJSON: true).pairs(in: nil)
            #expect(try JSONDecoder().decode(PairList.self, from: Data(json.utf8)).pairs.count == 1)
            let error = await #expect(throws: StartError.self) {
                try await OperatorConsole(data: server.directory.path).pairs(in: "no such&x")
            }
            #expect(error?.status == .refused)
        }
    }

    @Test func aNodeOnTheRelayIsNamed() async throws {
        try await TestServer.run { server in
            let (alice, _) = try await server.join("alice")
            try await server.relay(alice.nodeKey) { link async throws in
                _ = try await link.next()
                let page = try await server.operate("GET", "/").text
                #expect(page.contains("Relay connections (1)") && page.contains("<td>alice</td><td>127.0.0.1:"))
                #expect(page.contains("Nodes online (1)"))
            }
        }
    }

    @Test func pagesLoadNothingAndRunNothing() async throws {
        try await TestServer.run { server in
            for page in [try await server.operate("GET", "/"), try await server.send("GET", "/")] {
                let policy = try #require(page.headers["Content-Security-Policy"].first)
                #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
                #expect(page.headers["X-Content-Type-Options"] == ["nosniff"])
                let style = try #require(page.text.firstMatch(of: /(?s)<style>(.*)<\/style>/)?.1)
                let digest = Data(Digest.sha256(Array(style.utf8))).base64EncodedString()
                #expect(policy.contains("'sha256-\(digest)'"), "the page's style is the one that the policy lets in")
                for word in ["<script", "src=", "http:", "https:", "style=", "onload"] { #expect(!page.text.contains(word)) }
            }
        }
    }

    @Test func whatIsShownIsEscaped() {
        var report = StatisticsReport()
        report.version = "<script>'\"&"
        let html = StatusPage(report: report, connections: [], nodes: [], pairs: PairList(pairs: [], truncated: false)).page.html
        #expect(html.contains("<dd>&lt;script&gt;&#39;&quot;&amp;</dd>"))
        var page = HTMLPage(title: "<t>")
        page.addTable([.init("<h>")], [[.init("<c>", "\"x")]])
        page.addLinks([("<l>", "\"/")])
        for tag in ["<t>", "<h>", "<c>", "<l>", "\"\"x"] { #expect(!page.html.contains(tag)) }
    }

    @Test(
        arguments: [
            (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (102_400, "100 KiB"), (1_048_575, "1.0 MiB"), (.max, "16.0 EiB"),
        ] as [(UInt64, String)])
    func bytesAreReadable(count: UInt64, text: String) {
        #expect(ReadableText.bytes(count) == text)
    }

    @Test(arguments: [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h 0 min"), (200_000, "2 d 7 h")])
    func timesAreReadable(seconds: Double, text: String) {
        #expect(ReadableText.duration(seconds) == text)
    }
}

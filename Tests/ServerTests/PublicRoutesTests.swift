import Coordination
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct PublicRoutesTests {
    @Test func pagesAndProbesAnswer() async throws {
        try await TestServer.run { server in
            for path in [
                "/", "/healthz", "/readyz", "/robots.txt", "/derp/probe", "/derp/latency-check", "/v1/server", "/derpmap.json",
                "/bootstrap-dns",
            ] {
                #expect(try await server.send("GET", path).status == 200, "\(path)")
                let head = try await server.send("HEAD", path)
                #expect(head.status == 200 && head.body.isEmpty, "\(path)")
            }
            let probe = try await server.send("HEAD", "/derp/probe")
            #expect(probe.headers["Access-Control-Allow-Origin"] == ["*"])
            #expect(try await server.send("GET", "/robots.txt").text.contains("Disallow: /"))
            #expect(try await server.send("GET", "/v1/openapi.yaml").text.hasPrefix("openapi: 3.1.0"))
        }
    }

    @Test func unknownPathsAndMethodsAreProblems() async throws {
        try await TestServer.run { server in
            for path in ["/nothing", "/v1", "/v1/nodes/", "/derp/", "/stats", "/metrics", "/v1/admin/nodes/1/2"] {
                let answer = try await server.send("GET", path)
                #expect(answer.status == 404 && answer.problem == .notFound, "\(path)")
                #expect(answer.headers["Content-Type"] == ["application/problem+json"])
            }
            let posted = try await server.send("POST", "/derp")
            #expect(posted.status == 405 && posted.problem == .methodNotAllowed)
            #expect(posted.headers["Allow"] == ["GET, HEAD"])
            #expect(try await server.send("PUT", "/derp/probe").status == 405)
            #expect(try await server.send("GET", "/v1/nodes").headers["Allow"] == ["POST"])
        }
    }

    @Test func derpWithoutAnUpgradeIsToldToUpgrade() async throws {
        try await TestServer.run { server in
            let answer = try await server.send("GET", "/derp")
            #expect(answer.status == 426)
            #expect(answer.text.hasPrefix("DERP requires connection upgrade"))
        }
    }

    @Test(arguments: [
        ("abc.DEF-1:2_", "response abc.DEF-1:2_"),
        (String(repeating: "a", count: 64), "response " + String(repeating: "a", count: 64)),
        (String(repeating: "a", count: 65), nil), ("a b", nil), ("<x>", nil),
    ])
    func theCaptivePortalTestEchoesAnHonestChallenge(challenge: String, response: String?) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("GET", "/generate_204", headers: [("X-Tailscale-Challenge", challenge)])
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(answer.headers["X-Tailscale-Response"].first == response)
            #expect(answer.headers["Cache-Control"].first?.contains("no-store") ?? false)
        }
    }

    @Test func theDERPMapNamesThisRelay() async throws {
        try await TestServer.run({ $0.publicHosts = ["relay.example.org", "192.0.2.7"] }) { server in
            let text = try await server.send("GET", "/derpmap.json").body
            let map = try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
            let region = try #require((map["Regions"] as? [String: Any])?["900"] as? [String: Any])
            let node = try #require((region["Nodes"] as? [[String: Any]])?.first)
            #expect(node["HostName"] as? String == "relay.example.org")
            #expect(node["IPv4"] as? String == "192.0.2.7")
            #expect(node["IPv6"] as? String == "none")
            #expect(node["DERPPort"] as? UInt16 == server.process.startUp.listen.first?.port)
            #expect(node["STUNPort"] as? UInt16 == server.process.startUp.stun.first?.port)
            #expect(node["InsecureForTests"] as? Bool == true)
            #expect(node["CertName"] == nil)
        }
    }

    @Test func theDERPMapNamesAnIPv6HostAsURLsDo() async throws {
        try await TestServer.run({ $0.publicHosts = ["2001:db8::7"] }) { server in
            let text = String(decoding: try await server.send("GET", "/derpmap.json").body, as: UTF8.self)
            #expect(text.contains(#""HostName":"[2001:db8::7]""#))
            #expect(text.contains(#""IPv6":"2001:db8::7""#))
        }
    }

    @Test func anUnknownUpgradeEndsTheConnectionAfterItsAnswer() async throws {
        try await TestServer.run { server in
            let connection = try await server.connect()
            let received = try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(string: "GET /healthz HTTP/1.1\r\nHost: a\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n"))
                var text = ""
                for try await part in inbound { text += String(buffer: part) }
                return text
            }
            #expect(received.hasPrefix("HTTP/1.1 200 OK"))
            #expect(received.contains("Connection: close"))
        }
    }

    @Test func aKeptConnectionTakesSeveralRequests() async throws {
        try await TestServer.run { server in
            let connection = try await server.connect()
            let received = try await connection.executeThenClose { inbound, outbound in
                let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
                try await outbound.write(ByteBuffer(string: request + request))
                try await outbound.write(ByteBuffer(string: "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                var text = ""
                for try await part in inbound { text += String(buffer: part) }
                return text
            }
            #expect(received.ranges(of: "HTTP/1.1 200 OK").count == 3)
        }
    }

    @Test func aSourceThatAsksTooMuchIsToldWhenToComeBack() async throws {
        try await TestServer.run({
            $0.limits.requestBurst = 3
            $0.limits.requestsPerSecond = 0.1
        }) { server in
            for _ in 0..<3 { #expect(try await server.send("GET", "/healthz").status == 200) }
            let answer = try await server.send("GET", "/healthz")
            #expect(answer.status == 429 && answer.problem == .tooManyRequests)
            let seconds = try #require(answer.headers["Retry-After"].first.flatMap { Int($0) })
            #expect((1...10).contains(seconds))
        }
    }

    @Test func statisticsAreOnTheOperatorsListenerOnly() async throws {
        try await TestServer.run { server in
            try await server.send("GET", "/healthz")
            let statistics = try #require(try await server.operate("GET", "/stats").decoded(StatisticsReport.self))
            #expect(statistics.admission == "registered")
            #expect(statistics.http.responses["2xx"] ?? 0 >= 1)
            #expect(try await server.operate("GET", "/metrics").text.contains("# TYPE derp_accepts untyped"))
            #expect(try await server.operate("GET", "/").text.contains("<h1>Causeway</h1>"))
            #expect(try await server.operate("GET", "/stats/connections").text == "[]")
            #expect(try await server.operate("GET", "/readyz").status == 200)
            #expect(try await server.operate("GET", "/v1/admin/nodes").status == 404)
        }
    }
}

import Coordination
import CryptoBox
import Foundation
import NIOHTTP1
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct NodeRoutesTests {
    @Test func aNodeJoinsPublishesAndIsSeen() async throws {
        try await TestServer.run { server in
            let (alice, aliceAnswer) = try await server.join("alice")
            let (_, bobAnswer) = try await server.join("bob")
            #expect(aliceAnswer.network.name == "default")
            let update =
                #"{"sequence":1,"candidates":[{"type":"host","endpoint":"192.0.2.9:41641","priority":7}],"homeRelay":900,"later":{"x":1}}"#
            let published = try await server.send(
                "PUT", "/v1/nodes/self/candidates", headers: [aliceAnswer.authorization], json: update)
            #expect(published.status == 204)
            let list = try #require(
                try await server.send("GET", "/v1/peers", headers: [bobAnswer.authorization]).decoded(PeerList.self))
            #expect(list.me.name == "bob")
            #expect(list.peers.map(\.name) == ["alice"])
            #expect(list.peers.first?.nodeKey == alice.nodeKey.publicKey)
            #expect(list.peers.first?.candidates.map(\.endpoint.description) == ["192.0.2.9:41641"])
            #expect(list.peers.first?.homeRelay == 900)
        }
    }

    @Test func aJoinKeyUsedByFiftyAtOnceAdmitsExactlyOne() async throws {
        try await TestServer.run { server in
            let key = try await server.joinKey()
            let answers = try await withThrowingTaskGroup(of: HTTPClient.Answer.self) { group in
                for _ in 0..<50 { group.addTask { try await server.register(TestNode(), joinKey: key) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0.status == 200 } == 1)
            #expect(answers.count { $0.problem == .joinKeyUsed } == 49)
            let nodes = try await server.administer("GET", "/v1/admin/nodes").decoded(NodeList.self)
            #expect(nodes?.nodes.count == 1)
        }
    }

    @Test func aReplayedProofIsRefused() async throws {
        try await TestServer.run { server in
            let key = try await server.joinKey(NewJoinKey(reusable: true))
            let challenge = try #require(try await server.send("POST", "/v1/challenges").decoded(ChallengeResponse.self))
            let node = TestNode()
            #expect(try await server.register(node, joinKey: key, reusing: challenge).status == 200)
            let again = try await server.register(node, joinKey: key, reusing: challenge)
            #expect(again.status == 403 && again.problem == .challengeRefused)
        }
    }

    @Test func aProofOfAnotherRequestOrKeyIsRefused() async throws {
        try await TestServer.run { server in
            let key = try await server.joinKey()
            let node = TestNode()
            let challenge = try #require(try await server.send("POST", "/v1/challenges").decoded(ChallengeResponse.self))
            let message = RegistrationRequest(
                joinKey: key, nodeKey: node.nodeKey.publicKey, discoKey: node.discoKey.publicKey)
            let body = Array(try JSONEncoder().encode(message))
            var random = SystemRandomNumberGenerator()
            let wrongBody = try Proof.seal(
                challenge.challenge, for: Proof.Request(method: "POST", path: "/v1/nodes", body: body + [0x20]),
                from: node.nodeKey,
                to: challenge.publicKey, using: &random)
            let wrongKey = try Proof.seal(
                challenge.challenge, for: Proof.Request(method: "POST", path: "/v1/nodes", body: body), from: TestNode().nodeKey,
                to: challenge.publicKey, using: &random)
            for proof in [wrongBody, wrongKey, "", "!!!", String(repeating: "A", count: 208)] {
                let answer = try await server.send(
                    "POST", "/v1/nodes", headers: [(Proof.headerName, proof), ("Content-Type", "application/json")], body: body)
                #expect(answer.status == 403 && answer.problem == .proofRefused)
            }
            let none = try await server.send("POST", "/v1/nodes", headers: [("Content-Type", "application/json")], body: body)
            #expect(none.problem == .proofRefused)
        }
    }

    @Test func registeringAgainVoidsTheOldToken() async throws {
        try await TestServer.run { server in
            let (node, first) = try await server.join("alice")
            let second = try #require(try await server.register(node, joinKey: nil).decoded(RegistrationResponse.self))
            #expect(second.node.id == first.node.id)
            #expect(try await server.send("GET", "/v1/peers", headers: [first.authorization]).status == 401)
            #expect(try await server.send("GET", "/v1/peers", headers: [second.authorization]).status == 200)
        }
    }

    @Test func rotatedKeysNeedProofsOfOldAndNew() async throws {
        try await TestServer.run { server in
            let (node, answer) = try await server.join("alice")
            let fresh = TestNode()
            let body = Array(try JSONEncoder().encode(KeyRotationRequest(nodeKey: fresh.nodeKey.publicKey)))
            let request = Proof.Request(method: "PUT", path: "/v1/nodes/self/keys", body: body)
            func headers(_ old: NodePrivateKey, _ new: NodePrivateKey) async throws -> [(String, String)] {
                let challenge = try #require(try await server.send("POST", "/v1/challenges").decoded(ChallengeResponse.self))
                var random = SystemRandomNumberGenerator()
                return [
                    answer.authorization, ("Content-Type", "application/json"),
                    (
                        Proof.headerName,
                        try Proof.seal(challenge.challenge, for: request, from: old, to: challenge.publicKey, using: &random)
                    ),
                    (
                        Proof.newKeyHeaderName,
                        try Proof.seal(challenge.challenge, for: request, from: new, to: challenge.publicKey, using: &random)
                    ),
                ]
            }
            let wrong = try await server.send(
                "PUT", "/v1/nodes/self/keys", headers: headers(node.nodeKey, node.nodeKey), body: body)
            #expect(wrong.problem == .proofRefused)
            let right = try await server.send(
                "PUT", "/v1/nodes/self/keys", headers: headers(node.nodeKey, fresh.nodeKey), body: body)
            #expect(right.decoded(KeyRotationResponse.self)?.node.nodeKey == fresh.nodeKey.publicKey)
            #expect(
                try await server.send("POST", "/verify", json: #"{"NodePublic":"\#(node.nodeKey.publicKey)"}"#).text.contains(
                    "false"))
        }
    }

    @Test func leavingEndsTheToken() async throws {
        try await TestServer.run { server in
            let (_, answer) = try await server.join("alice")
            #expect(try await server.send("DELETE", "/v1/nodes/self", headers: [answer.authorization]).status == 204)
            #expect(try await server.send("DELETE", "/v1/nodes/self", headers: [answer.authorization]).status == 401)
        }
    }

    @Test func theQuestionOfOtherRelaysIsAnsweredWithoutAMediaType() async throws {
        try await TestServer.run { server in
            let (node, _) = try await server.join("alice")
            let known = Array(#"{"NodePublic":"\#(node.nodeKey.publicKey)","Source":"192.0.2.1"}"#.utf8)
            #expect(try await server.send("POST", "/verify", body: known).decoded(VerifyResponse.self)?.allow == true)
            let unknown = Array(#"{"NodePublic":"\#(TestNode().nodeKey.publicKey)","Source":""}"#.utf8)
            #expect(try await server.send("POST", "/verify", body: unknown).decoded(VerifyResponse.self)?.allow == false)
        }
    }

    // MARK: Bad input

    @Test(arguments: [
        "", "{", "[]", "null", "7", #""text""#, #"{"sequence":1}"#, #"{"sequence":"1","candidates":[]}"#,
        #"{"sequence":1,"candidates":{}}"#, #"{"sequence":1,"candidates":[{"type":"host","endpoint":"192.0.2.1","priority":1}]}"#,
        #"{"sequence":1,"candidates":[{"type":"host","endpoint":"192.0.2.1:1","priority":-1}]}"#,
        #"{"sequence":1,"candidates":[{"type":"guess","endpoint":"192.0.2.1:1","priority":1}]}"#,
        #"{"sequence":1.5,"candidates":[]}"#, #"{"sequence":1e300,"candidates":[]}"#,
        String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000),
        #"{"sequence":1,"candidates":[],"x":"# + String(repeating: #"{"a":"#, count: 5_000) + "1"
            + String(repeating: "}", count: 5_001),
    ])
    func aBodyOfAnotherFormIsABadRequest(json: String) async throws {
        try await TestServer.run { server in
            let (_, answer) = try await server.join("alice")
            let refused = try await server.send(
                "PUT", "/v1/nodes/self/candidates", headers: [answer.authorization], json: json)
            #expect(refused.status == 400 && refused.problem == .invalidRequest, "\(refused.text)")
        }
    }

    @Test func aBodyOfOneMegabyteIsTooLargeAndTheConnectionStays() async throws {
        try await TestServer.run { server in
            let (_, answer) = try await server.join("alice")
            let refused = try await server.send(
                "PUT", "/v1/nodes/self/candidates", headers: [answer.authorization], json: String(repeating: "x", count: 1 << 20))
            #expect(refused.status == 413 && refused.problem == .bodyTooLarge)
        }
    }

    @Test func anotherMediaTypeIsRefused() async throws {
        try await TestServer.run { server in
            let refused = try await server.send(
                "POST", "/v1/nodes", headers: [("Content-Type", "text/plain")], body: Array("{}".utf8))
            #expect(refused.status == 415 && refused.problem == .unsupportedMediaType)
        }
    }

    @Test func aStaleSequenceIsAConflict() async throws {
        try await TestServer.run { server in
            let (_, answer) = try await server.join("alice")
            func put(_ sequence: Int) async throws -> HTTPClient.Answer {
                try await server.send(
                    "PUT", "/v1/nodes/self/candidates", headers: [answer.authorization],
                    json: #"{"sequence":\#(sequence),"candidates":[]}"#)
            }
            #expect(try await put(5).status == 204)
            #expect(try await put(5).problem == .sequenceStale)
            #expect(try await put(4).status == 409)
        }
    }

    @Test(arguments: [
        "127.0.0.1:1", "169.254.1.1:1", "224.0.0.1:1", "0.0.0.0:1", "[::ffff:127.0.0.1]:1", "[::1]:1", "[fe80::1]:1",
        "192.0.2.1:0",
    ])
    func aCandidateThatIsNoHostOnTheNetIsRefused(endpoint: String) async throws {
        // A server that listens on loopback alone takes loopback candidates: this one listens elsewhere too.
        try await TestServer.run({ $0.listen.append(Endpoint(IPAddress(ipv4: 0), 0)) }) { server in
            let (_, answer) = try await server.join("alice")
            let json = #"{"sequence":1,"candidates":[{"type":"host","endpoint":"\#(endpoint)","priority":1}]}"#
            let refused = try await server.send("PUT", "/v1/nodes/self/candidates", headers: [answer.authorization], json: json)
            #expect(refused.status == 422 && refused.problem == .candidateRefused)
        }
    }

    @Test(arguments: ["", "Bearer", "Bearer cwt_short", "Basic abc", "cwt_AAAA"])
    func aDamagedTokenIsUnauthorized(value: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("GET", "/v1/peers", headers: [("Authorization", value)])
            #expect(answer.status == 401 && answer.problem == .unauthorized)
            #expect(answer.headers["WWW-Authenticate"] == ["Bearer"])
        }
    }
}

internal import Coordination
internal import CryptoBox
internal import Foundation
internal import Testing
internal import Wire

@Suite struct MessageTests {
    private func decode<Value: Decodable>(_ json: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }

    private func roundTrip<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }

    private let keys = (
        node: "nodekey:" + String(repeating: "ab", count: 32), disco: "discokey:" + String(repeating: "cd", count: 32)
    )

    @Test func aRegistrationIsReadAsThePageSaysAndUnknownMembersAreIgnored() throws {
        var random = SeededGenerator(1)
        let secret = JoinKeySecret(using: &random)
        let request: RegistrationRequest = try decode(
            """
            {"joinKey": "\(secret.secretText)", "nodeKey": "\(keys.node)", "discoKey": "\(keys.disco)", "name": "bob",
             "future": {"a": [1, 2, {"b": null}]}}
            """)
        #expect(request.joinKey == secret)
        #expect(request.nodeKey.description == keys.node)
        #expect(request.exactName == nil)
        #expect(try roundTrip(request) == request)
    }

    @Test(arguments: [
        #"{}"#, #"[]"#, #"null"#, #"{"nodeKey": 5, "discoKey": "D"}"#, #"{"nodeKey": "N", "discoKey": "N"}"#,
        #"{"nodeKey": "nodekey:ab", "discoKey": "D"}"#, #"{"nodeKey": "N", "discoKey": "D", "name": 7}"#,
        #"{"nodeKey": "N", "discoKey": "D", "joinKey": "cwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    ])
    func aRegistrationOfWrongTypesIsRefused(json: String) {
        let json = json.replacing("\"N\"", with: "\"\(keys.node)\"").replacing("\"D\"", with: "\"\(keys.disco)\"")
        #expect(throws: DecodingError.self) { try decode(json, as: RegistrationRequest.self) }
    }

    @Test func aCandidateUpdateIsReadAsThePageSays() throws {
        let update: CandidateUpdate = try decode(
            """
            {"sequence": 9, "homeRelay": 900,
             "candidates": [{"type": "server-reflexive", "endpoint": "[2001:db8::1]:41641", "priority": 4294967295}],
             "nat": {"mapping": "of-a-later-version", "filtering": "address-dependent", "udpBlocked": false},
             "paths": [{"peer": 3, "state": "relayed", "probesSent": 412, "reason": "no answer"}]}
            """)
        #expect(update.candidates.map(\.type) == [.serverReflexive])
        #expect(update.candidates.map(\.endpoint.description) == ["[2001:db8::1]:41641"])
        #expect(update.nat == NATReport(mapping: .unknown, filtering: .addressDependent, isUDPBlocked: false))
        #expect(update.paths?.map(\.peer) == [NodeID(rawValue: 3)])
        #expect(try roundTrip(update) == update)
    }

    @Test(arguments: [
        #"{"type": "host", "endpoint": "192.0.2.1", "priority": 1}"#, #"{"type": "host", "endpoint": "a:1", "priority": 1}"#,
        #"{"type": "teleport", "endpoint": "192.0.2.1:1", "priority": 1}"#,
        #"{"type": "host", "endpoint": "192.0.2.1:1", "priority": -1}"#,
        #"{"type": "host", "endpoint": "192.0.2.1:1", "priority": 4294967296}"#,
        #"{"type": "host", "endpoint": "192.0.2.1:99999", "priority": 1}"#,
        #"{"type": "host", "endpoint": "2001:db8::1:1", "priority": 1}"#,
    ])
    func anOddCandidateIsRefusedByTheServer(json: String) {
        #expect(throws: DecodingError.self) {
            try decode(#"{"sequence": 1, "candidates": [\#(json)]}"#, as: CandidateUpdate.self)
        }
    }

    @Test func aReaderPassesOverCandidatesOfALaterVersion() throws {
        let peer: Peer = try decode(
            """
            {"id": 1, "name": "bob", "nodeKey": "\(keys.node)", "discoKey": "\(keys.disco)",
             "lastSeen": "2026-11-24T12:52:52Z", "candidates": [
                {"type": "teleport", "beam": 7}, {"type": "host", "endpoint": "192.0.2.1:1", "priority": 1}, 5]}
            """)
        #expect(peer.candidates.map(\.type) == [.host])
        #expect(try roundTrip(peer) == peer)
    }

    @Test func theSnapshotNamesTheReaderItself() throws {
        var harness = RegistryHarness()
        let alice = try harness.member("alice").node.node
        let list = try harness.registry.peers(of: alice.id)
        let json = String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
        #expect(json.contains(#""self":{"#))
        #expect(json.contains(#""eventId":"\#(list.eventID)""#))
        #expect(try roundTrip(list) == list)
    }

    @Test(arguments: ["", "1", "1-", "-1", "1-2-3", "a-b", "1--2", "99999999999999999999-1", "+1-2", "1-+2", "1-２"])
    func aLastEventIDOfAnotherFormIsNone(text: String) {
        #expect(EventID(text) == nil)
    }

    @Test func everyProblemHasAStableTypeATitleAndAStatus() throws {
        for type in ProblemType.allCases {
            let problem = Problem(type, detail: "x", retryAfterSeconds: 3)
            #expect(problem.problemType == type)
            #expect(problem.type == "urn:causeway:problem:\(type.rawValue)")
            #expect((400..<600).contains(problem.status))
            #expect(!problem.title.isEmpty)
            #expect(try roundTrip(problem) == problem)
        }
        #expect(RegistryError.sequenceStale(given: 1, stored: 2).problem.status == 409)
        #expect(RegistryError.tooManyRequests(retryAfter: .milliseconds(1500)).problem.retryAfterSeconds == 2)
    }

    @Test func derpersQuestionIsInItsWords() throws {
        let question: VerifyRequest = try decode(#"{"NodePublic": "\#(keys.node)", "Source": "192.0.2.1"}"#)
        #expect(question.nodePublic.description == keys.node)
        #expect(String(decoding: try JSONEncoder().encode(VerifyResponse(allow: false)), as: UTF8.self) == #"{"Allow":false}"#)
    }

    @Test func secretsShowThemselvesToNobody() throws {
        var random = SeededGenerator(9)
        let token = BearerToken(using: &random)
        let request = RegistrationRequest(
            joinKey: JoinKeySecret(using: &random), nodeKey: try #require(NodeKey(keys.node)),
            discoKey: try #require(DiscoKey(keys.disco)))
        var dumped = ""
        dump(token, to: &dumped)
        dump(request, to: &dumped)
        let shown = "\(token) \(request) \(String(reflecting: token)) \(dumped)"
        #expect(!shown.contains(token.secretText))
        #expect(!shown.contains("secretBytes"))
        #expect(BearerToken(token.secretText) == token)
        #expect(JoinKeySecret(token.secretText) == nil)
    }
}

import Foundation
import Testing

@testable import Client

@Suite struct ControlMessageTests {
    static let requests: [(ControlRequest, String)] = [
        (.status, #"{"command":"status"}"#),
        (
            .ping(PingRequest(peer: "bob", count: 2, untilDirect: true, timeout: 3)),
            #"{"arguments":{"count":2,"peer":"bob","timeout":3,"untilDirect":true},"command":"ping"}"#
        ),
        (
            .forward(ForwardRequest(listen: "127.0.0.1:0", peer: "bob", port: 53)),
            #"{"arguments":{"listen":"127.0.0.1:0","peer":"bob","port":53},"command":"forward"}"#
        ),
        (.checkNetwork, #"{"command":"netcheck"}"#), (.stop, #"{"command":"stop"}"#), (.leave, #"{"command":"leave"}"#),
    ]

    @Test(arguments: requests)
    func aRequestIsOneLineOfJSON(request: ControlRequest, json: String) throws {
        #expect(try Self.json(request) == json)
        #expect(try JSONDecoder().decode(ControlRequest.self, from: Data(json.utf8)) == request)
    }

    static let replies: [ControlReply] = [
        .pong(PingReply(peer: "bob", sequence: 1, path: "direct", endpoint: "203.0.113.7:41641", milliseconds: 1.5)),
        .listening("127.0.0.1:5000"), .network(NetworkReport(server: "https://198.51.100.1:443")), .done,
        .failed(NodeFailure(.noSuchPeer, "no such peer")),
    ]

    @Test(arguments: replies)
    func aReplySurvivesARoundTrip(reply: ControlReply) throws {
        #expect(try JSONDecoder().decode(ControlReply.self, from: Data(Self.json(reply).utf8)) == reply)
    }

    @Test(arguments: ["", "{}", "[]", "null", #"{"command":"dance"}"#, #"{"command":"ping"}"#])
    func nonsenseIsNoRequest(text: String) {
        #expect(throws: (any Error).self) { try JSONDecoder().decode(ControlRequest.self, from: Data(text.utf8)) }
    }

    @Test func everyKindOfFailureHasItsOwnExitCode() {
        let codes = NodeFailure.Kind.allCases.map { NodeFailure($0, "").exitCode }
        #expect(codes == [1, 2, 3, 4, 5, 6, 7, 64])
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

import CryptoBox
import Testing
import VectorSupport
import Wire

@testable import Disco

struct MessageTests {
    @Test(arguments: try ParseCases.load())
    func theReferenceParserAgrees(with example: ParseCases.Case) throws {
        let bytes = try #require(Hexadecimal.decode(example.inner))
        let message = try? Message(parsing: bytes.bytes)
        if case .unknown = message { return }  // Peer-relay messages, which are not spoken.
        #expect((message == nil) == (example.outcome != "parsed"))
        if let reencoded = example.reencoded, let message {
            // The reference writes a node key that it does not have as zeros; it means padding either way.
            #expect(Hexadecimal.encode(message.encoded) == reencoded)
        }
    }

    @Test(arguments: 0..<200)
    func anyMessageSurvivesARoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let message = Message.random(using: &random)
        let parsed = try Message(parsing: message.encoded.bytes)
        #expect(parsed == message)
    }

    @Test(arguments: 0..<20)
    func aMessageCutAnywhereIsRefusedOrShorterButNeverTraps(seed: UInt64) {
        var random = SeededGenerator(seed)
        let bytes = Message.random(using: &random).encoded
        for count in 0..<bytes.count {
            let cut = try? Message(parsing: bytes.bytes.extracting(first: count))
            #expect(cut != nil || count < 32)
        }
    }

    @Test(arguments: 0..<500)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed)
        let bytes = random.bytes(Int.random(in: 0...200, using: &random))
        _ = try? Message(parsing: bytes.bytes)
        let sender = Packet.sender(of: (Packet.magic + bytes).bytes)
        #expect((sender != nil) == (bytes.count >= 56))
    }

    @Test func aCallMeMaybeKeepsNoMoreEndpointsThanItsLimit() throws {
        let endpoints = (0..<100).map { Endpoint(IPAddress(198, 51, 100, 1), UInt16($0 + 1)) }
        var writer = ByteWriter()
        writer.write([CallMeMaybe.type, 0])
        for endpoint in endpoints { endpoint.write(to: &writer) }
        let message = try Message(parsing: writer.bytes.bytes)
        #expect(message == .callMeMaybe(CallMeMaybe(endpoints: Array(endpoints.prefix(64)))))
    }
}

extension Message {
    static func random(using random: inout SeededGenerator) -> Message {
        func endpoint() -> Endpoint {
            Bool.random(using: &random)
                ? Endpoint(IPAddress(ipv4: .random(in: 1...UInt32.max, using: &random)), .random(in: 0...65535, using: &random))
                : Endpoint(
                    IPAddress(high: .random(in: 1...UInt64.max, using: &random), low: random.next()),
                    .random(in: 0...65535, using: &random))
        }
        let id = TransactionID(using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            let padding = Int.random(in: 0...90, using: &random)
            return .ping(Ping(transactionID: id, nodeKey: NodeKey(random.bytes(32)), paddingCount: padding))
        case 1: return .pong(Pong(transactionID: id, source: endpoint()))
        default:
            return .callMeMaybe(CallMeMaybe(endpoints: (0..<Int.random(in: 0...64, using: &random)).map { _ in endpoint() }))
        }
    }
}

/// `disco/parse-cases.json`: inner bytes and what the reference made of them.
struct ParseCases: Decodable {
    struct Case: Decodable, Sendable {
        let name: String
        let inner: String
        let outcome: String
        let reencoded: String?
    }

    let cases: [Case]

    static func load() throws -> [Case] {
        try Vector.load("disco/parse-cases.json", as: ParseCases.self).cases
    }
}

import CryptoBox
import Testing
import VectorSupport
import Wire

@testable import Disco

struct PacketTests {
    @Test(arguments: try RecordedMessages.load().messages)
    func aRecordedPacketOpensToItsMessage(recorded: RecordedMessages.Message) throws {
        let keys = try RecordedMessages.load().keys
        let bob = try #require(DiscoPrivateKey(try keys.privateBytes("bob")))
        let packet = try #require(Hexadecimal.decode(recorded.packet))
        let claimed = Packet.sender(of: packet.bytes)
        let sender = try #require(claimed)
        #expect(sender.untypedText == keys.publicText("alice"))

        let opened = Message(opening: packet.bytes, with: try bob.sharedSecret(with: sender))
        let message = try #require(opened)

        if case .unknown(let type) = message {
            #expect(Int(type) == recorded.type && recorded.type >= 4)
        } else {
            #expect(Hexadecimal.encode(message.encoded) == recorded.inner)
        }
    }

    @Test(arguments: 0..<50)
    func onlyTheReceiverOpensAPacketAndOnlyUnchanged(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let alice = DiscoPrivateKey(using: &random)
        let bob = DiscoPrivateKey(using: &random)
        let eve = DiscoPrivateKey(using: &random)
        let message = Message.random(using: &random)
        var packet = message.seal(
            from: alice.publicKey, with: try alice.sharedSecret(with: bob.publicKey), using: &random)

        let received = Message(opening: packet.bytes, with: try bob.sharedSecret(with: alice.publicKey))
        #expect(received == message)
        let overheard = Message(opening: packet.bytes, with: try eve.sharedSecret(with: alice.publicKey))
        #expect(overheard == nil)
        packet[Int.random(in: 38..<packet.count, using: &random)] ^= 1
        let forged = Message(opening: packet.bytes, with: try bob.sharedSecret(with: alice.publicKey))
        #expect(forged == nil)
    }

    @Test(arguments: try LooksLikeCases.load())
    func theReferenceAgreesOnWhatLooksLikeDisco(example: LooksLikeCases.Case) throws {
        let bytes = try #require(Hexadecimal.decode(example.hex))
        let verdict = Packet.looksLikeDisco(bytes.bytes)
        #expect(verdict == example.looksLikeDisco)
    }
}

/// `disco/messages.json`: packets sealed by the reference.
struct RecordedMessages: Decodable {
    struct Message: Decodable, Sendable {
        let name: String
        let inner: String
        let packet: String
        let type: Int
    }

    struct Keys: Decodable {
        private let entries: [String: [String: String]]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let mixed = try container.decode([String: Entry].self)
            entries = mixed.compactMapValues { if case .pair(let pair) = $0 { pair } else { nil } }
        }

        func privateBytes(_ name: String) throws -> [UInt8] {
            let text = try #require(entries[name]?["private"])
            return try #require(Hexadecimal.decode(text))
        }

        func publicText(_ name: String) -> String? { entries[name]?["public"] }

        private enum Entry: Decodable {
            case pair([String: String])
            case text(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let pair = try? container.decode([String: String].self) {
                    self = .pair(pair)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }
        }
    }

    let keys: Keys
    let messages: [Message]

    static func load() throws -> RecordedMessages {
        try Vector.load("disco/messages.json")
    }
}

/// `disco/looks-like-disco.json`: the cheap test on six packets.
struct LooksLikeCases: Decodable {
    struct Case: Decodable, Sendable {
        let hex: String
        let looksLikeDisco: Bool
    }

    let cases: [Case]

    static func load() throws -> [Case] {
        try Vector.load("disco/looks-like-disco.json", as: LooksLikeCases.self).cases
    }
}

import STUN
import Testing
import VectorSupport
import Wire

/// The messages of `stun/behaviour.json` and `stun/rfc5769.json`.
struct MessageVectors: Decodable {
    struct Message: Decodable {
        struct Field: Decodable {
            let type: UInt16
            let value: String
        }

        struct Values: Decodable {
            let `class`: String?
            let invalid: String?
            let fingerprint: Bool?
        }

        let name: String
        let hex: String
        let values: Values
        let attributes: [Field]?

        var bytes: [UInt8] { Hexadecimal.decode(hex) ?? [] }
    }

    let messages: [Message]

    static let behaviour = load("behaviour")
    static let rfc5769 = load("rfc5769")

    static func named(_ name: String) -> [UInt8] {
        behaviour.messages.first { $0.name == name }?.bytes ?? []
    }

    private static func load(_ name: String) -> MessageVectors {
        (try? Vector.load("stun/\(name).json")) ?? MessageVectors(messages: [])
    }
}

/// The file `stun/tailscale.json`.
struct TailscaleVectors: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let hex: String
        let outcome: String
        let address: Endpoint?

        var bytes: [UInt8] { Hexadecimal.decode(hex) ?? [] }
        var testDescription: String { name }
    }

    struct Response: Decodable {
        let address: Endpoint
        let hex: String
    }

    let request: String
    let transaction: String
    let responses: [Response]
    let parseResponse: [Case]
    let parseRequest: [Case]

    static let file: TailscaleVectors? = try? Vector.load("stun/tailscale.json")
}

/// The transaction of the vectors built for the purpose.
let vectorTransaction = transaction("101112131415161718191a1b")

func transaction(_ hexadecimal: String) -> TransactionID {
    let bytes = Hexadecimal.decode(hexadecimal) ?? []
    var reader = ByteReader(bytes.bytes)
    var fallback = SeededGenerator(0)
    return (try? TransactionID(from: &reader)) ?? TransactionID(using: &fallback)
}

/// Parses a message from an array, which outlives the parse.
func parsed(_ bytes: [UInt8]) throws -> Message {
    try Message(parsing: bytes.bytes)
}

func endpoint(_ text: String) -> Endpoint {
    Endpoint(text) ?? Endpoint(IPAddress(ipv4: 0), 0)
}

extension IPAddress {
    static func random(using random: inout some RandomNumberGenerator) -> IPAddress {
        Bool.random(using: &random)
            ? IPAddress(ipv4: random.next()) : IPAddress(high: random.next() | 1 << 61, low: random.next())
    }
}

extension Endpoint {
    static func random(using random: inout some RandomNumberGenerator) -> Endpoint {
        Endpoint(.random(using: &random), random.next())
    }
}

extension Attribute {
    static func random(using random: inout some RandomNumberGenerator) -> Attribute {
        switch Int.random(in: 0..<13, using: &random) {
        case 0: .mappedAddress(.random(using: &random))
        case 1: .xorMappedAddress(.random(using: &random))
        case 2: .changeRequest(ChangeRequest(rawValue: random.next()))
        case 3: .responseOrigin(.random(using: &random))
        case 4: .otherAddress(.random(using: &random))
        case 5: .sourceAddress(.random(using: &random))
        case 6: .changedAddress(.random(using: &random))
        case 7: .responsePort(UInt16.random(in: 1 ... .max, using: &random))
        case 8: .padding(Int.random(in: 0...80, using: &random))
        case 9: .software(String("causeway tester".prefix(Int.random(in: 0...15, using: &random))))
        case 10: .errorCode(ErrorCode(Int.random(in: 300...699, using: &random), reason: "why not"))
        case 11: .unknownAttributes((0..<Int.random(in: 0...4, using: &random)).map { _ in .init(rawValue: random.next()) })
        default:
            .other(
                AttributeType(rawValue: UInt16.random(in: 0xc000...0xffff, using: &random)),
                random.bytes(Int.random(in: 0...20, using: &random)))
        }
    }
}

extension Message {
    static func random(using random: inout some RandomNumberGenerator) -> Message {
        let classes = MessageType.Class.allCases
        return Message(
            MessageType(classes[Int.random(in: 0..<4, using: &random)], method: UInt16.random(in: 0...0xfff, using: &random)),
            transactionID: TransactionID(using: &random),
            attributes: (0..<Int.random(in: 0...6, using: &random)).map { _ in .random(using: &random) },
            isFingerprinted: Bool.random(using: &random),
            cookie: Bool.random(using: &random) ? Header.magicCookie : random.next())
    }
}

import STUN
import Testing
import VectorSupport
import Wire

struct BindingResponseTests {
    @Test(arguments: TailscaleVectors.file?.parseResponse ?? [])
    func whatTailscaleClientsTakeIsTaken(vector: TailscaleVectors.Case) throws {
        let response = try? BindingResponse(parsing: vector.bytes.bytes)
        guard vector.outcome == "parsed" else {
            if case .mapped = response?.result { Issue.record("an address was found") }
            return
        }
        #expect(response?.transactionID == transaction(TailscaleVectors.file?.transaction ?? ""))
        #expect(response?.result == vector.address.map(BindingResponse.Result.mapped))
    }

    @Test
    func repliesOfTailscaleServersParseToTheAddressInIPv4Form() throws {
        for vector in try #require(TailscaleVectors.file).responses {
            let bytes = try #require(Hexadecimal.decode(vector.hex))
            let expected = Endpoint(vector.address.address.canonical, vector.address.port)
            #expect(try BindingResponse(parsing: bytes.bytes).result == .mapped(expected))
        }
    }

    @Test
    func theOtherAddressIsRead() throws {
        let bytes = MessageVectors.named("reply of a server with two addresses")
        #expect(try BindingResponse(parsing: bytes.bytes).otherAddress == endpoint("192.0.2.2:3479"))
    }

    @Test
    func aRefusalNamesItsCode() throws {
        let bytes = MessageVectors.named("420 for three attributes")
        #expect(try BindingResponse(parsing: bytes.bytes).result == .refused(.unknownAttribute))
    }

    @Test
    func aWrongFingerprintIsRefused() throws {
        var bytes = Message(
            .bindingSuccess, transactionID: vectorTransaction, attributes: [.xorMappedAddress(endpoint("192.0.2.1:1"))],
            isFingerprinted: true
        ).encoded()
        bytes[27] ^= 1
        #expect(throws: MessageError.wrongFingerprint) { try BindingResponse(parsing: bytes.bytes) }
    }

    @Test
    func everyReplyOfCoturnParses() throws {
        struct File: Decodable {
            struct Pair: Decodable {
                let from: Endpoint
                let reply: String?
            }
            let pairs: [Pair]
        }
        let replies = try Vector.load("stun/coturn.json", as: File.self).pairs.filter { $0.reply != nil }
        for pair in replies {
            let bytes = try #require(Hexadecimal.decode(pair.reply ?? ""))
            switch try BindingResponse(parsing: bytes.bytes).result {
            case .mapped(let endpoint): #expect(endpoint == pair.from)
            case .refused(let code): #expect(code == .unknownAttribute)
            }
        }
        #expect(replies.count == 9)
    }
}

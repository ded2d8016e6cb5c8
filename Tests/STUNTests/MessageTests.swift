import STUN
import Testing
import Wire

struct MessageTests {
    @Test
    func everyVectorIsParsedAndWrittenAgain() throws {
        for vector in MessageVectors.behaviour.messages where vector.values.invalid == nil {
            let message = try parsed(vector.bytes)
            #expect(message.isFingerprinted == (vector.values.fingerprint ?? false), "\(vector.name)")
            // RESPONSE-PORT is written in 2 bytes; one vector has it in 4.
            if vector.name.contains("RESPONSE-PORT 40000") || vector.name.contains("together with RESPONSE-PORT") { continue }
            #expect(Hexadecimal.encode(message.encoded()) == vector.hex, "\(vector.name)")
        }
    }

    @Test
    func everyMalformedVectorIsRefused() {
        let malformed = MessageVectors.behaviour.messages.filter { $0.values.invalid != nil }
        #expect(malformed.count == 5)
        for vector in malformed {
            #expect(throws: MessageError.self, "\(vector.name)") { try parsed(vector.bytes) }
        }
    }

    @Test
    func theSampleMessagesOfRFC5769Parse() throws {
        for vector in MessageVectors.rfc5769.messages {
            let message = try parsed(vector.bytes)
            let types = message.attributes.map(\.type.rawValue)
            #expect(types == vector.attributes?.map(\.type).filter { $0 != 0x8028 }, "\(vector.name)")
            #expect(message.isFingerprinted == (vector.attributes?.last?.type == 0x8028), "\(vector.name)")
        }
        let responses = MessageVectors.rfc5769.messages.filter { $0.values.class == "success" }
        let mapped = try responses.map { vector in
            try parsed(vector.bytes).attributes.compactMap { attribute in
                if case .xorMappedAddress(let endpoint) = attribute { endpoint } else { nil }
            }
        }
        #expect(mapped == [[endpoint("192.0.2.1:32853")], [endpoint("[2001:db8:1234:5678:11:2233:4455:6677]:32853")]])
    }

    @Test
    func noChangedByteGetsPastTheFingerprint() {
        for vector in MessageVectors.rfc5769.messages.prefix(3) {
            for index in vector.bytes.indices {
                var bytes = vector.bytes
                bytes[index] ^= 0x01
                // Changed in its type, the attribute is no FINGERPRINT any more.
                #expect((try? parsed(bytes))?.isFingerprinted != true, "\(vector.name), byte \(index)")
            }
        }
    }

    @Test(arguments: 0..<200)
    func anyMessageSurvivesARoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let message = Message.random(using: &random)
        #expect(try parsed(message.encoded()) == message)
    }

    @Test(arguments: 0..<50)
    func aMessageCutAnywhereIsRefused(seed: UInt64) {
        var random = SeededGenerator(seed)
        let bytes = Message.random(using: &random).encoded()
        for count in 0..<bytes.count {
            #expect(throws: MessageError.self) { try parsed(Array(bytes[..<count])) }
        }
    }

    @Test(arguments: 0..<200)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed)
        for _ in 0..<50 {
            var bytes = random.bytes(Int.random(in: 0...96, using: &random))
            // Half of them look like a message, so that the attributes are reached.
            if Bool.random(using: &random), bytes.count >= 20 {
                let head = Header(.bindingRequest, length: (bytes.count - 20) & ~3, transactionID: TransactionID(using: &random))
                var writer = ByteWriter()
                head.write(to: &writer)
                bytes.replaceSubrange(..<20, with: writer.bytes)
            }
            _ = try? parsed(bytes)
            _ = try? BindingResponse(parsing: bytes.bytes)
        }
    }

    @Test
    func anyTypeSurvivesARoundTrip() {
        for value in UInt16(0)..<0x4000 {
            #expect(MessageType(wireValue: value).wireValue == value)
        }
        #expect(MessageType(wireValue: 0x0001) == .bindingRequest)
        #expect(MessageType(wireValue: 0x0011) == .bindingIndication)
        #expect(MessageType(wireValue: 0x0101) == .bindingSuccess)
        #expect(MessageType(wireValue: 0x0111) == .bindingFailure)
    }

    @Test
    func onlyMessagesWithTheCookieLookLikeSTUN() {
        func looksLikeSTUN(_ bytes: [UInt8]) -> Bool { Message.looksLikeSTUN(bytes.bytes) }
        #expect(looksLikeSTUN(MessageVectors.named("test I: plain binding request")))
        #expect(looksLikeSTUN(MessageVectors.named("indication")))
        #expect(!looksLikeSTUN(MessageVectors.named("RFC 3489 request")))
        #expect(!looksLikeSTUN(MessageVectors.named("first two bits set")))
        #expect(!looksLikeSTUN(MessageVectors.named("length beyond the end")))
        #expect(!looksLikeSTUN([]))
    }
}

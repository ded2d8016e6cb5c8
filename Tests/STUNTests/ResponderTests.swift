import STUN
import Testing
import Wire

struct ResponderTests {
    private let client = endpoint("203.0.113.5:61000")
    private let local = endpoint("192.0.2.1:3478")

    private func respond(_ request: [UInt8], from source: Endpoint? = nil) -> (Disposition, [UInt8]) {
        var reply = ByteWriter()
        let disposition = Responder().respond(
            to: request.bytes, from: source ?? client, receivedOn: local, into: &reply)
        return (disposition, reply.bytes)
    }

    @Test
    func aBareRequestGetsTheMappedAddressAndNothingElse() {
        let (disposition, reply) = respond(MessageVectors.named("test I: plain binding request"))
        #expect(disposition == .reply(to: client, from: .same))
        #expect(Hexadecimal.encode(reply) == "0101000c2112a442101112131415161718191a1b002000080001cf5aea12d547")
    }

    @Test
    func anRFC3489ClientGetsThePlainAddress() {
        let (disposition, reply) = respond(MessageVectors.named("RFC 3489 request"))
        #expect(disposition == .reply(to: client, from: .same))
        #expect(reply == MessageVectors.named("RFC 3489 reply"))
    }

    @Test
    func anIPv4ClientOnADualStackSocketGetsFamily1() {
        let request = MessageVectors.named("test I: plain binding request")
        let mapped = Endpoint(IPAddress(high: 0, low: 0xffff_cb00_7105), 61000)
        let (disposition, reply) = respond(request, from: mapped)
        #expect(disposition == .reply(to: client, from: .same))
        #expect(reply == respond(request).1)
    }

    @Test
    func anIPv6ClientGetsFamily2() throws {
        let source = endpoint("[2001:db8::5]:61000")
        let (disposition, reply) = respond(MessageVectors.named("test I: plain binding request"), from: source)
        #expect(disposition == .reply(to: source, from: .same))
        #expect(reply.count == 44)
        #expect(try parsed(reply).attributes == [.xorMappedAddress(source)])
    }

    @Test
    func tailscalesRequestGetsItsReplyAndAFingerprintWithoutGrowing() throws {
        let file = try #require(TailscaleVectors.file)
        let request = try #require(Hexadecimal.decode(file.request))
        for vector in file.responses where vector.address.address.isUnicast {
            let (_, reply) = respond(request, from: vector.address)
            let message = try parsed(reply)
            let mapped = Endpoint(vector.address.address.canonical, vector.address.port)
            #expect(message.attributes == [.xorMappedAddress(mapped)])
            #expect(message.isFingerprinted)
            #expect(reply.count == (mapped.address.isIPv4 ? request.count : request.count + 12))
        }
    }

    @Test
    func aWrongFingerprintGetsNothing() {
        #expect(respond(MessageVectors.named("request with a wrong FINGERPRINT")) == (.ignored(.wrongFingerprint), []))
    }

    @Test
    func aFingerprintThatIsNotTheLastAttributeGetsNothing() {
        var request = Message(
            .bindingRequest, transactionID: vectorTransaction, attributes: [.software("abcd")], isFingerprinted: true
        ).encoded()
        request.swapRun(20..<28, 28..<36)
        #expect(respond(request) == (.ignored(.wrongFingerprint), []))
    }

    @Test
    func indicationsResponsesAndOtherMethodsGetNothing() {
        #expect(respond(MessageVectors.named("indication")) == (.ignored(.notARequest), []))
        #expect(respond(MessageVectors.named("reply of a server with two addresses")) == (.ignored(.notARequest), []))
        #expect(respond(MessageVectors.named("400")) == (.ignored(.notARequest), []))
        let allocate = Message(MessageType(.request, method: 3), transactionID: vectorTransaction).encoded()
        #expect(respond(allocate) == (.ignored(.notARequest), []))
    }

    @Test
    func malformedRequestsGetNothing() {
        for vector in MessageVectors.behaviour.messages where vector.values.invalid != nil {
            let (disposition, reply) = respond(vector.bytes)
            #expect(disposition == .ignored(vector.values.invalid == "FINGERPRINT" ? .wrongFingerprint : .malformed))
            #expect(reply.isEmpty)
        }
    }

    @Test
    func bytesBehindTheMessageAreMalformed() {
        #expect(respond(MessageVectors.named("test I: plain binding request") + [0, 0, 0, 0]) == (.ignored(.malformed), []))
    }

    @Test
    func aSourceThatCannotBeAnsweredGetsNothing() {
        let request = MessageVectors.named("test I: plain binding request")
        for source in ["203.0.113.5:0", "224.0.0.1:5000", "0.0.0.0:5000", "255.255.255.255:5000", "[ff02::1]:5000"] {
            #expect(respond(request, from: endpoint(source)) == (.ignored(.impossibleSource), []))
        }
    }

    @Test
    func anUnknownOptionalAttributeIsPassedOver() {
        let (disposition, reply) = respond(MessageVectors.named("unknown optional attribute, odd length"))
        #expect(disposition == .reply(to: client, from: .same))
        #expect(reply == respond(MessageVectors.named("test I: plain binding request")).1)
    }

    @Test
    func attributesThatMustBeUnderstoodAreNamedIn420() throws {
        let request = Message(
            .bindingRequest, transactionID: vectorTransaction,
            attributes: [
                .other(.init(rawValue: 0x7f01), [1, 2, 3]), .software("a client"), .responsePort(40000), .padding(16),
                .other(.init(rawValue: 0x7f03), []),
            ]
        ).encoded()
        let (disposition, reply) = respond(request)
        #expect(disposition == .reply(to: client, from: .same))
        let message = try parsed(reply)
        #expect(message.type == .bindingFailure)
        #expect(message.transactionID == vectorTransaction)
        let types = [0x7f01, 0x27, 0x26, 0x7f03].map { AttributeType(rawValue: $0) }
        #expect(message.attributes == [.errorCode(.unknownAttribute), .unknownAttributes(types)])
        #expect(reply.count <= request.count)
    }

    @Test
    func theReasonIsLeftOutWhenTheRequestDoesNotPayForIt() throws {
        let (_, reply) = respond(MessageVectors.named("test II: change address and port"))
        let message = try parsed(reply)
        #expect(message.attributes == [.errorCode(ErrorCode(420)), .unknownAttributes([.changeRequest])])
        #expect(reply.count == 36)
    }

    @Test
    func a420ToARequestWithFingerprintHasOne() throws {
        let request = BindingRequest(transactionID: vectorTransaction, change: .port).encoded()
        let message = try parsed(respond(request).1)
        #expect(message.type == .bindingFailure)
        #expect(message.isFingerprinted)
    }

    @Test
    func aChangeRequestThatChangesNothingIsTaken() {
        let (disposition, reply) = respond(MessageVectors.named("change request with no flag"))
        #expect(disposition == .reply(to: client, from: .same))
        #expect(reply == respond(MessageVectors.named("test I: plain binding request")).1)
    }

    @Test
    func anRFC3489ClientThatWantsAnAnswerFromElsewhereGetsNoneFromOneAddress() {
        var request = MessageVectors.named("test II: change address and port")
        request[4] = 0
        #expect(respond(request) == (.ignored(.noOtherAddress), []))
        request[27] = 0
        #expect(respond(request).0 == .reply(to: client, from: .same))
    }

    @Test
    func credentialsThatNobodyAskedForArePassedOver() throws {
        let longTerm = MessageVectors.rfc5769.messages[3].bytes
        #expect(try parsed(respond(longTerm).1).attributes == [.xorMappedAddress(client)])
        let ice = MessageVectors.rfc5769.messages[0].bytes
        let message = try parsed(respond(ice).1)
        #expect(message.attributes.last == .unknownAttributes([AttributeType(rawValue: 0x24)]))
    }

    @Test
    func theReplyIsAppendedToWhatIsThere() {
        var reply = ByteWriter()
        reply.write([1, 2, 3])
        let request = MessageVectors.named("request with FINGERPRINT")
        _ = Responder().respond(to: request.bytes, from: client, receivedOn: local, into: &reply)
        #expect(Array(reply.bytes[3...]) == respond(request).1)
    }

    @Test(arguments: 0..<200)
    func anyAnswerIsAWellFormedResponseToItsSource(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        for _ in 0..<20 {
            var message = Message.random(using: &random)
            message.type = .bindingRequest
            var bytes = message.encoded()
            if Bool.random(using: &random) { bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << 3 }
            let source = Endpoint(.random(using: &random), UInt16.random(in: 1 ... .max, using: &random))
            let (disposition, reply) = respond(bytes, from: source)
            guard case .reply(to: let destination, from: .same) = disposition else {
                #expect(reply.isEmpty)
                continue
            }
            #expect(destination == source)
            #expect(reply.count <= max(bytes.count + 32, 52))
            let answer = try parsed(reply)
            #expect(answer.type.messageClass == .success || answer.type.messageClass == .failure)
            // A request with an address that has no sense in it is answered though it does not parse as a whole.
            if let request = try? parsed(bytes) { #expect(answer.isFingerprinted == request.isFingerprinted) }
        }
    }
}

func == (left: (Disposition, [UInt8]), right: (Disposition, [UInt8])) -> Bool {
    left.0 == right.0 && left.1 == right.1
}

extension [UInt8] {
    /// Exchanges two runs of the same length.
    fileprivate mutating func swapRun(_ left: Range<Int>, _ right: Range<Int>) {
        let run = Array(self[left])
        replaceSubrange(left, with: self[right])
        replaceSubrange(right, with: run)
    }
}

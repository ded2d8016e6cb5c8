import STUN
import Testing
import Wire

/// The responder of a server with two addresses and two ports (RFC 5780).
struct OtherAddressTests {
    private let client = endpoint("203.0.113.5:61000")
    private let primary = endpoint("192.0.2.1:3478")
    private let alternate = endpoint("192.0.2.2:3479")

    private func respond(
        _ request: [UInt8], on local: Endpoint? = nil, from source: Endpoint? = nil
    ) throws -> (Disposition, [UInt8]) {
        let ipv6 = try #require(
            ServerAddresses(primary: endpoint("[2001:db8::1]:3478"), alternate: endpoint("[2001:db8::2]:3479")))
        let responder = Responder(addresses: [
            try #require(ServerAddresses(primary: primary, alternate: alternate)), ipv6,
        ])
        var reply = ByteWriter()
        let disposition = responder.respond(
            to: request.bytes, from: source ?? client, receivedOn: local ?? primary, into: &reply)
        return (disposition, reply.bytes)
    }

    @Test
    func thePlainReplyNamesOriginAndOtherAddress() throws {
        let (disposition, reply) = try respond(MessageVectors.named("test I: plain binding request"))
        #expect(disposition == .reply(to: client, from: .same))
        #expect(reply == MessageVectors.named("reply of a server with two addresses"))
    }

    @Test
    func itDoesSoOverIPv6() throws {
        let (_, reply) = try respond(
            MessageVectors.named("test I: plain binding request"), on: endpoint("[2001:db8::1]:3478"),
            from: endpoint("[2001:db8::5]:61000"))
        #expect(reply == MessageVectors.named("the same over IPv6"))
    }

    @Test
    func aChangeOfAddressAndPortIsAnsweredFromThere() throws {
        let (disposition, reply) = try respond(MessageVectors.named("test II: change address and port"))
        #expect(disposition == .reply(to: client, from: .otherAddressAndPort))
        #expect(reply == MessageVectors.named("reply to test II, from the other address and port"))
    }

    @Test
    func aChangeOfPortIsAnsweredFromThere() throws {
        let (disposition, reply) = try respond(MessageVectors.named("test III: change port"))
        #expect(disposition == .reply(to: client, from: .otherPort))
        let origin = Attribute.responseOrigin(endpoint("192.0.2.1:3479"))
        #expect(try parsed(reply).attributes.contains(origin))
    }

    @Test
    func fromTheOtherAddressThePrimaryOneIsTheOther() throws {
        let (_, reply) = try respond(MessageVectors.named("test I: plain binding request"), on: alternate)
        let attributes = try parsed(reply).attributes
        #expect(attributes.contains(.otherAddress(primary)))
        #expect(attributes.contains(.responseOrigin(alternate)))
    }

    @Test
    func anRFC3489ClientGetsTheElderAttributes() throws {
        let (_, reply) = try respond(MessageVectors.named("RFC 3489 request"))
        #expect(
            try parsed(reply).attributes
                == [.mappedAddress(client), .sourceAddress(primary), .changedAddress(alternate)])
    }

    @Test
    func responsePortMovesTheDestination() throws {
        for name in ["lifetime test: RESPONSE-PORT 40000", "RESPONSE-PORT of 2 bytes"] {
            let (disposition, reply) = try respond(MessageVectors.named(name))
            #expect(disposition == .reply(to: Endpoint(client.address, 40000), from: .same))
            #expect(try parsed(reply).attributes.first == .xorMappedAddress(client))
        }
    }

    @Test
    func paddingIsAnsweredWithPaddingInAReplyNoLongerThanTheRequest() throws {
        let request = MessageVectors.named("fragment test: PADDING of 1280 bytes")
        let (_, reply) = try respond(request)
        #expect(reply.count == request.count)
        #expect(try parsed(reply).attributes.last == .padding(request.count - 60))
    }

    @Test
    func paddingWithResponsePortIsABadRequest() throws {
        let (disposition, reply) = try respond(MessageVectors.named("PADDING together with RESPONSE-PORT"))
        #expect(disposition == .reply(to: client, from: .same))
        let message = try parsed(reply)
        #expect(message.type == .bindingFailure)
        #expect(message.attributes == [.errorCode(.badRequest)])
    }

    @Test
    func onAnySocketButTheFourThereIsNoOtherAddress() throws {
        let (_, reply) = try respond(
            MessageVectors.named("test I: plain binding request"), on: endpoint("192.0.2.9:3478"))
        #expect(try parsed(reply).attributes == [.xorMappedAddress(client)])
    }

    @Test
    func everyOriginNamesItsSocket() throws {
        let addresses = try #require(ServerAddresses(primary: primary, alternate: alternate))
        #expect(addresses.sockets.map(\.description) == ["192.0.2.1:3478", "192.0.2.1:3479", "192.0.2.2:3478", "192.0.2.2:3479"])
        #expect(
            ReplyOrigin.allCases.map { addresses.socket($0, from: addresses.sockets[1]).description }
                == ["192.0.2.1:3479", "192.0.2.1:3478", "192.0.2.2:3479", "192.0.2.2:3478"])
    }

    @Test
    func behindAOneToOneNATThePublicAddressesAreNamed() throws {
        let addresses = try #require(
            ServerAddresses(
                primary: endpoint("10.0.0.1:3478"), alternate: endpoint("10.0.0.2:3479"),
                publicPrimary: IPAddress(192, 0, 2, 1), publicAlternate: IPAddress(192, 0, 2, 2)))
        var reply = ByteWriter()
        let request = MessageVectors.named("test I: plain binding request")
        _ = Responder(addresses: [addresses]).respond(
            to: request.bytes, from: client, receivedOn: endpoint("10.0.0.1:3478"), into: &reply)
        #expect(reply.bytes == MessageVectors.named("reply of a server with two addresses"))
    }

    @Test
    func addressesThatDoNotDifferAreRefused() {
        #expect(ServerAddresses(primary: primary, alternate: endpoint("192.0.2.2:3478")) == nil)
        #expect(ServerAddresses(primary: primary, alternate: endpoint("192.0.2.1:3479")) == nil)
        #expect(ServerAddresses(primary: primary, alternate: endpoint("[2001:db8::2]:3479")) == nil)
        #expect(ServerAddresses(primary: endpoint("0.0.0.0:3478"), alternate: alternate) == nil)
    }
}

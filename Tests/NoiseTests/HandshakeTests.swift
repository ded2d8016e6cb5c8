import CryptoBox
import Noise
import Testing
import VectorSupport
import Wire

/// The handshake and the transport keys, against what others computed.
struct HandshakeTests {
    struct Published: Decodable {
        let init_prologue: String
        let init_static: String
        let init_ephemeral: String
        let init_remote_static: String
        let resp_static: String
        let resp_ephemeral: String
        let handshake_hash: String
        let messages: [Message]
    }

    struct Message: Decodable {
        let payload: String
        let ciphertext: String
    }

    struct Library: Decodable {
        struct Handshake: Decodable {
            let init_static: String
            let init_ephemeral: String
            let resp_static: String
            let resp_ephemeral: String
            let prologue: String
            let handshake_hash: String
            let messages: [Message]
            let packets: [Packet]
        }

        struct Packet: Decodable {
            let fromInitiator: Bool
            let counter: String
            let payload: String
            let ciphertext: String
        }

        let producedBy: String
        let handshakes: [Handshake]
    }

    @Test
    func thePublishedVectorIsReproduced() throws {
        let vector = try Vector.load("noise/published.json", as: Published.self)
        let (initiator, responder) = try run(
            initStatic: vector.init_static, initEphemeral: vector.init_ephemeral, respStatic: vector.resp_static,
            respEphemeral: vector.resp_ephemeral, prologue: vector.init_prologue, messages: vector.messages)
        #expect(try key(vector.resp_static).publicKey.untypedText == vector.init_remote_static)
        #expect(Hexadecimal.encode(initiator.hash) == vector.handshake_hash)
        #expect(responder.hash == initiator.hash)
        for (index, message) in vector.messages.dropFirst(2).enumerated() {
            let sender = index.isMultiple(of: 2) ? initiator : responder
            var sealed: [UInt8] = []
            let payload = try bytes(message.payload)
            AEAD.seal(payload.bytes, appendingTo: &sealed, key: sender.sendKey, counter: UInt64(index / 2))
            #expect(Hexadecimal.encode(sealed) == message.ciphertext)
        }
    }

    @Test
    func theHandshakesOfAnotherLibraryAreReproduced() throws {
        let vectors = try Vector.load("noise/handshakes.json", as: Library.self)
        #expect(vectors.producedBy == "PyPI noiseprotocol 0.3.1")
        #expect(vectors.handshakes.count == 12)
        for vector in vectors.handshakes {
            let (initiator, responder) = try run(
                initStatic: vector.init_static, initEphemeral: vector.init_ephemeral, respStatic: vector.resp_static,
                respEphemeral: vector.resp_ephemeral, prologue: vector.prologue, messages: vector.messages)
            #expect(Hexadecimal.encode(initiator.hash) == vector.handshake_hash)
            for packet in vector.packets {
                let counter = try #require(UInt64(packet.counter))
                let payload = try bytes(packet.payload)
                let (sender, receiver) = packet.fromInitiator ? (initiator, responder) : (responder, initiator)
                var sealed: [UInt8] = []
                AEAD.seal(payload.bytes, appendingTo: &sealed, key: sender.sendKey, counter: counter)
                #expect(Hexadecimal.encode(sealed) == packet.ciphertext)
                let opened = AEAD.open(sealed.bytes, key: receiver.receiveKey, nonce: AEAD.nonce(counter))
                #expect(opened == payload)
            }
        }
    }

    @Test
    func anyChangedByteOfTheInitiationIsRefused() throws {
        let (local, peer) = keys()
        let message = try initiation(from: local, to: peer.publicKey).message
        for index in message.indices {
            var changed = message
            changed[index] ^= 0x10
            #expect(throws: HandshakeError.self) {
                try ReceivedInitiation(changed.bytes, to: peer, prologue: Session.prologue)
            }
        }
    }

    @Test
    func anInitiationCutAnywhereIsRefused() throws {
        let (local, peer) = keys()
        let message = try initiation(from: local, to: peer.publicKey).message
        for count in 0..<message.count {
            let cut = Array(message[..<count])
            #expect(throws: HandshakeError.self) {
                try ReceivedInitiation(cut.bytes, to: peer, prologue: Session.prologue)
            }
        }
    }

    @Test
    func aForgedResponseDoesNotSpoilTheHandshake() throws {
        let (local, peer) = keys()
        let pending = try initiation(from: local, to: peer.publicKey)
        let received = try ReceivedInitiation(pending.message.bytes, to: peer, prologue: Session.prologue)
        var random = SeededGenerator(9)
        let (message, result) = try received.respond(ephemeral: NodePrivateKey(using: &random), payload: [5])
        for index in message.indices {
            var changed = message
            changed[index] ^= 1
            #expect(throws: HandshakeError.authenticationFailed) { try pending.finish(changed.bytes) }
        }
        let finished = try pending.finish(message.bytes)
        #expect(finished.payload == [5])
        #expect(finished.sendKey == result.receiveKey)
        #expect(finished.receiveKey == result.sendKey)
        #expect(finished.hash == result.hash)
    }

    @Test
    func theResponderLearnsWhoTheInitiatorIs() throws {
        let (local, peer) = keys()
        let message = try initiation(from: local, to: peer.publicKey).message
        let received = try ReceivedInitiation(message.bytes, to: peer, prologue: Session.prologue)
        #expect(received.peer == local.publicKey)
        #expect(received.payload == [1, 2, 3])
    }

    @Test
    func anInitiationForAnotherKeyOrPrologueDoesNotOpen() throws {
        let (local, peer) = keys()
        let message = try initiation(from: local, to: peer.publicKey).message
        #expect(throws: HandshakeError.authenticationFailed) {
            try ReceivedInitiation(message.bytes, to: local, prologue: Session.prologue)
        }
        #expect(throws: HandshakeError.authenticationFailed) {
            try ReceivedInitiation(message.bytes, to: peer, prologue: [])
        }
    }

    @Test
    func aKeyOfLowOrderIsRefused() throws {
        let (local, peer) = keys()
        let zero = try #require(NodeKey([UInt8](repeating: 0, count: 32)))
        #expect(throws: HandshakeError.lowOrderKey) { try initiation(from: local, to: zero) }
        let forged = [UInt8](repeating: 0, count: 120)
        #expect(throws: HandshakeError.lowOrderKey) {
            try ReceivedInitiation(forged.bytes, to: peer, prologue: Session.prologue)
        }
    }

    private func run(
        initStatic: String, initEphemeral: String, respStatic: String, respEphemeral: String, prologue: String,
        messages: [Message]
    ) throws -> (initiator: HandshakeResult, responder: HandshakeResult) {
        let responder = try key(respStatic)
        let prologue = try bytes(prologue)
        let payloads = try messages.prefix(2).map { try bytes($0.payload) }
        let pending = try PendingInitiation(
            to: responder.publicKey, from: key(initStatic), ephemeral: key(initEphemeral), prologue: prologue,
            payload: payloads[0])
        #expect(Hexadecimal.encode(pending.message) == messages[0].ciphertext)
        let received = try ReceivedInitiation(pending.message.bytes, to: responder, prologue: prologue)
        #expect(received.payload == payloads[0])
        let (message, result) = try received.respond(ephemeral: key(respEphemeral), payload: payloads[1])
        #expect(Hexadecimal.encode(message) == messages[1].ciphertext)
        let finished = try pending.finish(message.bytes)
        #expect(finished.payload == payloads[1])
        return (finished, result)
    }

    private func bytes(_ text: String) throws -> [UInt8] {
        try #require(Hexadecimal.decode(text))
    }

    private func key(_ text: String) throws -> NodePrivateKey {
        try #require(NodePrivateKey(bytes(text)))
    }

    private func keys() -> (NodePrivateKey, NodePrivateKey) {
        var random = SeededGenerator(1)
        return (NodePrivateKey(using: &random), NodePrivateKey(using: &random))
    }

    private func initiation(from local: NodePrivateKey, to peer: NodeKey) throws -> PendingInitiation {
        var random = SeededGenerator(2)
        return try PendingInitiation(
            to: peer, from: local, ephemeral: NodePrivateKey(using: &random), prologue: Session.prologue,
            payload: [1, 2, 3])
    }
}

import CryptoBox
import Noise
import Testing
import Wire

/// The handshake of a session, and what it refuses.
struct SessionTests {
    @Test
    func theFirstPayloadArrivesAfterOneRoundTripAndAHalf() {
        let lab = Lab()
        lab.send([1, 2, 3], from: .lower)
        lab.run(for: .milliseconds(89))
        #expect(lab.delivered(to: .higher).isEmpty)
        lab.run(for: .milliseconds(1))
        #expect(lab.delivered(to: .higher) == [[1, 2, 3]])
        #expect(lab.count(.established(isInitiator: true), of: .lower) == 1)
        #expect(lab.count(.established(isInitiator: false), of: .higher) == 1)
        #expect(lab.sent.map(\.bytes.count) == [112, 60, 35])
    }

    @Test
    func whatIsSentMeanwhileFollowsInOrder() {
        let lab = Lab()
        for byte in UInt8(0)..<10 { lab.send([byte], from: .higher) }
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: .lower) == (UInt8(0)..<10).map { [$0] })
        #expect(lab.initiations(from: .higher).count == 1)
    }

    @Test
    func preparingTellsTheResponderWithAnEmptyPacket() {
        let lab = Lab()
        lab.prepare(.lower)
        lab.prepare(.lower)
        lab.run(for: .milliseconds(90))
        #expect(lab.isEstablished(.lower))
        #expect(lab.isEstablished(.higher))
        #expect(lab.delivered(to: .higher).isEmpty)
        #expect(lab.sent.map(\.bytes.count) == [112, 60, 32])
    }

    @Test
    func theQueueDropsItsOldest() {
        let lab = Lab()
        for byte in UInt8(0)..<70 { lab.send([byte], from: .lower) }
        #expect(lab.drops(.lower) == Array(repeating: .queueFull, count: 6))
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: .higher) == (UInt8(6)..<70).map { [$0] })
    }

    @Test
    func theQueueIsBoundedInBytesToo() {
        let lab = Lab()
        for byte in UInt8(0)..<4 { lab.send([UInt8](repeating: byte, count: 60_000), from: .lower) }
        #expect(lab.drops(.lower) == [.queueFull, .queueFull])
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: .higher).map(\.first) == [2, 3])
    }

    @Test
    func aPayloadThatIsTooLongIsDropped() {
        let lab = Lab()
        lab.send([UInt8](repeating: 0, count: Packet.maximumPayload + 1), from: .lower)
        #expect(lab.drops(.lower) == [.tooLong])
        lab.send([UInt8](repeating: 0, count: Packet.maximumPayload), from: .lower)
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: .higher).map(\.count) == [Packet.maximumPayload])
    }

    @Test(arguments: 0..<20)
    func crossingInitiationsEndInOneHandshake(seed: UInt64) {
        let lab = Lab(seed: seed)
        lab.send([1], from: .lower)
        lab.run(for: .milliseconds(Int(seed)))
        lab.send([2], from: .higher)
        lab.run(for: .milliseconds(500))
        #expect(lab.delivered(to: .higher) == [[1]])
        #expect(lab.delivered(to: .lower) == [[2]])
        #expect(lab.drops(.lower) == [.initiationCrossed])
        #expect(lab.count(.established(isInitiator: true), of: .lower) == 1)
        #expect(lab.count(.established(isInitiator: true), of: .higher) == 0)
    }

    @Test
    func aLostInitiationIsRepeatedWithBackOffAndGivenUp() {
        let lab = Lab()
        lab.passes = { _, _ in false }
        lab.send([1], from: .lower)
        lab.run(for: .seconds(120))
        let count = lab.initiations(from: .lower).count
        #expect((17...22).contains(count))
        #expect(Set(lab.initiations(from: .lower)).count == count)
        #expect(lab.count(.handshakeFailed, of: .lower) == 1)
        #expect(lab.drops(.lower) == [.handshakeFailed])
        lab.passes = { _, _ in true }
        lab.send([2], from: .lower)
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: .higher) == [[2]])
    }

    @Test
    func aResponseIsGivenOncePerInitiation() {
        let lab = Lab()
        lab.send([1], from: .lower)
        let initiation = lab.initiations(from: .lower)[0]
        for _ in 0..<5 { lab.inject(initiation, to: .higher) }
        #expect(lab.sent.count { $0.bytes.first == 0xc2 } == 1)
        #expect(lab.drops(.higher) == Array(repeating: .staleInitiation, count: 4))
    }

    @Test
    func aReplayedInitiationOfAnEarlierSessionIsRefused() {
        let lab = Lab()
        lab.send([1], from: .lower)
        let old = lab.initiations(from: .lower)[0]
        lab.run(for: .seconds(400))
        lab.forgetEffects()
        lab.inject(old, to: .higher)
        #expect(lab.drops(.higher) == [.staleInitiation])
        #expect(lab.sent.isEmpty)
    }

    @Test
    func anInitiationOfAStrangerIsRefused() throws {
        let lab = Lab()
        var random = SeededGenerator(77)
        var effects: [Session.Effect] = []
        let key = NodePrivateKey(using: &random)
        var stranger = Session(local: key, peer: lab.key(.higher).publicKey, epoch: 5, at: .zero)
        stranger.prepare(at: .zero, using: &random, effects: &effects)
        guard case .transmit(let packet) = try #require(effects.first) else {
            Issue.record("nothing was sent")
            return
        }
        lab.inject(packet, to: .higher)
        #expect(lab.drops(.higher) == [.wrongPeer])
        #expect(lab.sent.isEmpty)
        let opened = try ReceivedInitiation(packet: packet.bytes, to: lab.key(.higher))
        #expect(opened.peer == key.publicKey)
    }

    @Test
    func aFloodOfAuthenticInitiationsIsAnsweredAtALimitedRate() {
        let lab = Lab()
        for round in UInt64(0)..<50 {
            lab.restart(.lower, epoch: 3000 + round)
            lab.prepare(.lower)
            lab.inject(lab.initiations(from: .lower).last ?? [], to: .higher)
        }
        #expect(lab.sent.count { $0.bytes.first == 0xc2 } == 5)
        #expect(lab.drops(.higher).allSatisfy { $0 == .tooManyInitiations })
    }

    @Test
    func eachPacketIsDeliveredOnceHoweverOftenItArrives() {
        let lab = Lab()
        lab.send([1], from: .lower)
        lab.run(for: .seconds(1))
        lab.forgetEffects()
        lab.send([2], from: .lower)
        let packet = lab.sent[0].bytes
        for _ in 0..<3 { lab.inject(packet, to: .higher) }
        #expect(lab.delivered(to: .higher) == [[2]])
        #expect(lab.drops(.higher) == [.replayed, .replayed])
    }

    @Test
    func aForgedPacketChangesNothing() {
        let lab = Lab()
        lab.send([1], from: .lower)
        lab.run(for: .seconds(1))
        lab.forgetEffects()
        lab.send([2], from: .lower)
        let packet = lab.sent[0].bytes
        for index in packet.indices.dropFirst(8) {
            var forged = packet
            forged[index] ^= 1
            lab.inject(forged, to: .higher)
        }
        #expect(lab.delivered(to: .higher).isEmpty)
        lab.inject(packet, to: .higher)
        #expect(lab.delivered(to: .higher) == [[2]])
    }

    @Test(arguments: 0..<50)
    func randomBytesNeverTrap(seed: UInt64) {
        let lab = Lab(seed: seed)
        lab.send([1], from: .lower)
        var random = SeededGenerator(seed)
        for _ in 0..<60 {
            var bytes = random.bytes([0, 4, 31, 32, 60, 100, 112].randomElement(using: &random) ?? 0)
            let type: UInt8 = [0xc1, 0xc2, 0xc4].randomElement(using: &random) ?? 0
            if bytes.count >= 4 { bytes.replaceSubrange(..<4, with: [type, 0, 0, 0]) }
            lab.inject(bytes, to: Bool.random(using: &random) ? .lower : .higher)
        }
        lab.run(for: .seconds(10))
        #expect(lab.delivered(to: .higher) == [[1]])
    }

    @Test
    func anIndexTellsWhoseAPacketIs() throws {
        var random = SeededGenerator(4)
        var effects: [Session.Effect] = []
        let (local, peer) = (NodePrivateKey(using: &random), NodePrivateKey(using: &random))
        var initiator = Session(local: local, peer: peer.publicKey, epoch: 1, at: .zero)
        var responder = Session(local: peer, peer: local.publicKey, epoch: 1, at: .zero)
        initiator.prepare(at: .zero, using: &random, effects: &effects)
        let initiation = try packet(effects)
        responder.receive(initiation.bytes, at: .zero, using: &random, effects: &effects)
        let response = try packet(effects)
        let index = try #require(Packet(parsing: response.bytes)?.receiver)
        let (isInitiators, isResponders) = (initiator.isAddressed(by: index), responder.isAddressed(by: index))
        #expect(isInitiators)
        #expect(!isResponders)
    }

    private func packet(_ effects: [Session.Effect]) throws -> [UInt8] {
        guard case .transmit(let bytes) = try #require(effects.last) else { return [] }
        return bytes
    }
}

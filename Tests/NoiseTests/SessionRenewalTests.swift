import Noise
import Testing
import Wire

/// A session that lasts: renewal of its keys, bad networks, silence, restarts, its end.
struct SessionRenewalTests {
    @Test
    func keysAreRenewedEveryTwoMinutesUnderTraffic() {
        let lab = Lab()
        var expected: [[UInt8]] = []
        for second in 0..<600 {
            let payload = Array("packet \(second)".utf8)
            expected.append(payload)
            lab.send(payload, from: .lower)
            lab.run(for: .seconds(1))
        }
        #expect(lab.delivered(to: .higher) == expected)
        #expect(lab.initiations(from: .lower).count == 5)
        #expect(lab.initiations(from: .higher).isEmpty)
        #expect(lab.drops(.lower).isEmpty && lab.drops(.higher).isEmpty)
    }

    @Test
    func aReceivingInitiatorRenewsTheKeysInTime() {
        let lab = Lab()
        lab.prepare(.lower)
        lab.run(for: .seconds(1))
        for _ in 0..<500 {
            lab.send([1], from: .higher)
            lab.run(for: .seconds(1))
        }
        #expect(lab.delivered(to: .lower).count == 500)
        #expect(lab.initiations(from: .lower).count == 4)
        #expect(lab.initiations(from: .higher).isEmpty)
    }

    @Test
    func keysAreRenewedAfterManyPackets() {
        var limits = SessionLimits.standard
        limits.rekeyAfterPackets = 100
        let lab = Lab(limits: limits)
        for _ in 0..<250 {
            lab.send([1], from: .lower)
            lab.run(for: .milliseconds(100))
        }
        #expect(lab.delivered(to: .higher).count == 250)
        #expect(lab.initiations(from: .lower).count == 3)
    }

    @Test(arguments: 0..<40)
    func renewalUnderTrafficLosesNothing(seed: UInt64) {
        var limits = SessionLimits.standard
        limits.rekeyAfter = .seconds(3)
        let lab = Lab(seed: seed, limits: limits)
        lab.jitter = .milliseconds(40)
        lab.duplication = 0.1
        var random = SeededGenerator(seed &+ 1000)
        var expected: [Lab.Side: Set<[UInt8]>] = [:]
        for number in 0..<2000 {
            let side: Lab.Side = Bool.random(using: &random) ? .lower : .higher
            let payload = Array("\(number)".utf8)
            expected[side.other, default: []].insert(payload)
            lab.send(payload, from: side)
            lab.run(for: .milliseconds(Int.random(in: 0...20, using: &random)))
        }
        lab.run(for: .seconds(2))
        for side in Lab.Side.allCases {
            let delivered = lab.delivered(to: side)
            #expect(Set(delivered) == expected[side])
            #expect(delivered.count == expected[side]?.count)
        }
        #expect(
            lab.count(.established(isInitiator: true), of: .lower) + lab.count(.established(isInitiator: true), of: .higher) > 4)
    }

    @Test(arguments: 0..<40)
    func onABadNetworkWhatArrivesIsDeliveredOnceAndTheSessionLives(seed: UInt64) {
        var limits = SessionLimits.standard
        limits.rekeyAfter = .seconds(5)
        let lab = Lab(seed: seed, limits: limits)
        lab.jitter = .milliseconds(200)
        lab.loss = 0.3
        lab.duplication = 0.2
        for number in 0..<600 {
            lab.send(Array("\(number)".utf8), from: number.isMultiple(of: 3) ? .higher : .lower)
            lab.run(for: .milliseconds(100))
        }
        for (side, count) in [(Lab.Side.higher, 400), (.lower, 200)] {
            let delivered = lab.delivered(to: side)
            #expect(Set(delivered).count == delivered.count)
            // 70 % arrive; a handshake that loses its packets may cost the queue's overflow, never the session.
            #expect(delivered.count > count / 2)
        }
        lab.loss = 0
        lab.run(for: .seconds(10))
        lab.forgetEffects()
        lab.send([7], from: .higher)
        lab.send([8], from: .lower)
        lab.run(for: .seconds(3))
        #expect(lab.delivered(to: .lower) == [[7]])
        #expect(lab.delivered(to: .higher) == [[8]])
    }

    @Test
    func keysOfThreeMinutesAreUsedNoMore() {
        let lab = Lab()
        lab.send([1], from: .lower)
        lab.run(for: .seconds(1))
        lab.send([2], from: .lower)
        let late = lab.sent.last?.bytes ?? []
        lab.run(for: .seconds(180))
        #expect(!lab.isEstablished(.lower))
        lab.forgetEffects()
        lab.inject(late, to: .higher)
        #expect(lab.drops(.higher) == [.unknownIndex])
        lab.send([3], from: .lower)
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: .higher).contains([3]))
    }

    @Test
    func anIdleSessionHasNoDeadlineLeft() {
        let lab = Lab()
        lab.send([1], from: .lower)
        lab.run(for: .seconds(200))
        let packets = lab.sent.count
        lab.run(for: .seconds(10_000))
        #expect(lab.sent.count == packets)
        // Initiation, response, payload, and one empty packet back.
        #expect(packets == 4)
    }

    @Test
    func whoOnlyReceivesAnswersWithAnEmptyPacketInTime() {
        let lab = Lab()
        lab.prepare(.lower)
        lab.run(for: .seconds(1))
        lab.forgetEffects()
        for _ in 0..<60 {
            lab.send([1], from: .lower)
            lab.run(for: .seconds(1))
        }
        #expect(lab.initiations(from: .lower).isEmpty)
        #expect(lab.sent.count { $0.from == .higher } == 5)
    }

    @Test
    func aPeerThatFallsSilentIsOfferedFreshKeys() {
        let lab = Lab()
        lab.send([1], from: .lower)
        lab.run(for: .seconds(12))
        lab.forgetEffects()
        lab.passes = { side, _ in side == .lower }
        lab.send([2], from: .lower)
        lab.run(for: .milliseconds(14_900))
        #expect(lab.initiations(from: .lower).isEmpty)
        lab.run(for: .milliseconds(200))
        #expect(lab.initiations(from: .lower).count == 1)
    }

    @Test(arguments: Lab.Side.allCases)
    func aPeerThatRestartedIsReachedAtOnce(side: Lab.Side) {
        let lab = Lab()
        lab.send([1], from: .lower)
        lab.run(for: .seconds(20))
        lab.restart(side)
        lab.forgetEffects()
        // The packet is lost, but it makes the restarted side offer fresh keys.
        lab.send([2], from: side.other)
        lab.run(for: .seconds(1))
        lab.send([3], from: side.other)
        lab.send([4], from: side)
        lab.run(for: .seconds(1))
        #expect(lab.delivered(to: side) == [[3]])
        #expect(lab.delivered(to: side.other) == [[4]])
    }

    @Test(arguments: Lab.Side.allCases)
    func aClockThatWasSetBackByARestartIsOvercome(side: Lab.Side) {
        let lab = Lab(epoch: 1 << 60)
        lab.send([1], from: side)
        lab.run(for: .seconds(20))
        lab.restart(side, epoch: 0)
        lab.forgetEffects()
        lab.send([2], from: side)
        lab.run(for: .milliseconds(100))
        #expect(lab.drops(side.other) == [.staleInitiation])
        lab.run(for: .seconds(30))
        lab.send([3], from: side.other)
        lab.run(for: .seconds(30))
        #expect(lab.isEstablished(side))
        #expect(lab.delivered(to: side.other) == [[2]])
    }
}

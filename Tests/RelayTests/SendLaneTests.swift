import DERP
import Testing
import Wire

@testable import Relay

/// One lane of a send queue, without sockets.
struct SendLaneTests {
    /// A lane with its pool, and frames that carry a number.
    private final class Fixture {
        private var pool = BufferPool()
        private var lane: SendLane
        private(set) var drops = SendLane.Drops()

        init(packets: Int = 8, bytes: Int = 64 << 10) {
            lane = SendLane(SendLane.Bounds(packets: packets, bytes: bytes))
        }

        deinit {
            lane.release(to: &pool)
        }

        var packetCount: Int { lane.packetCount }
        var byteCount: Int { lane.byteCount }
        var sourceCount: Int { lane.sourceCount }
        var isCongested: Bool { lane.isCongested }
        /// Buffers that the lane holds.
        var bufferCount: Int { pool.outstanding }

        func append(_ number: Int, from source: UInt64, count: Int = 100, kind: PacketKind = .other) -> Bool {
            var frame = [UInt8](repeating: UInt8(number & 0xff), count: count)
            frame[1] = UInt8(number >> 8)
            return frame.withUnsafeBytes {
                lane.append($0, from: source, kind: kind, at: 0, pool: &pool, drops: &drops)
            }
        }

        /// Takes one run out; answers its frames' numbers.
        func take(limit: Int, frameCount: Int = 100) -> [Int]? {
            guard let run = lane.run(limit: limit) else { return nil }
            let numbers = (0..<run.packets).map { index in
                Int(run.bytes[index * frameCount]) | Int(run.bytes[index * frameCount + 1]) << 8
            }
            lane.consume(run, pool: &pool)
            return numbers
        }

        func takeAll(limit: Int = 16 << 10) -> [Int] {
            var numbers: [Int] = []
            while let run = take(limit: limit) { numbers += run }
            return numbers
        }

        func shouldPause(_ source: UInt64) -> Bool { lane.shouldPause(source) }

        func sourcesResumed() { lane.sourcesResumed() }

        func dropAll() {
            lane.dropAll(to: &pool, drops: &drops)
        }
    }

    @Test
    func packetsLeaveInTheOrderTheyCame() {
        let fixture = Fixture()
        for number in 0..<8 { #expect(fixture.append(number, from: UInt64(number % 3))) }
        #expect(fixture.packetCount == 8)
        #expect(fixture.byteCount == 800)
        #expect(fixture.sourceCount == 3)
        #expect(fixture.takeAll(limit: 250) == Array(0..<8))
        #expect(fixture.packetCount == 0)
        #expect(fixture.drops.packets == 0)
    }

    @Test
    func anEmptyLaneHoldsNoBuffers() {
        let fixture = Fixture()
        _ = fixture.append(0, from: 1)
        #expect(fixture.bufferCount == 3)
        _ = fixture.takeAll()
        #expect(fixture.bufferCount == 0)
    }

    @Test
    func aFullLaneDropsTheOldestPacketOfItsOnlySource() {
        let fixture = Fixture()
        for number in 0..<11 { _ = fixture.append(number, from: 1) }
        #expect(fixture.drops.otherPackets == 3)
        #expect(fixture.drops.otherBytes == 3 * 63)
        #expect(fixture.takeAll() == Array(3..<11))
    }

    @Test
    func aFloodPushesOutOnlyItsOwnPackets() {
        let fixture = Fixture()
        _ = fixture.append(1000, from: 2)
        for number in 0..<50 { _ = fixture.append(number, from: 1) }
        _ = fixture.append(1001, from: 2)
        for number in 50..<100 { _ = fixture.append(number, from: 1) }
        #expect(fixture.takeAll() == [1000, 1001] + Array(94..<100))
        #expect(fixture.drops.otherPackets == 94)
    }

    @Test
    func manySourcesShareALaneEvenly() {
        let fixture = Fixture()
        for number in 0..<40 { _ = fixture.append(number, from: 1) }
        for source in 2..<5 as Range<UInt64> {
            for number in 0..<10 { _ = fixture.append(number + 100 * Int(source), from: source) }
        }
        let left = fixture.takeAll()
        #expect(left.count == 8)
        for source in 0..<5 where source != 1 {
            #expect(left.count { $0 / 100 == source } == 2)
        }
    }

    @Test
    func aBoundInBytesMakesRoomForALargePacket() {
        let fixture = Fixture(packets: 100, bytes: 1000)
        for number in 0..<10 { _ = fixture.append(number, from: 1) }
        #expect(fixture.append(11, from: 1, count: 450))
        #expect(fixture.byteCount == 950)
        #expect(fixture.drops.otherPackets == 5)
    }

    @Test
    func aPacketThatOutweighsAllOthersIsNotTaken() {
        let fixture = Fixture(packets: 100, bytes: 1000)
        for source in 1...10 as ClosedRange<UInt64> { _ = fixture.append(Int(source), from: source) }
        #expect(!fixture.append(11, from: 11, count: 950))
        #expect(fixture.drops.packets == 0)
        #expect(fixture.packetCount == 10)
        #expect(fixture.takeAll() == Array(1...10))
    }

    @Test
    func aPacketLargerThanTheLaneIsNotTaken() {
        let fixture = Fixture(packets: 100, bytes: 1000)
        #expect(!fixture.append(1, from: 1, count: 1001))
        #expect(fixture.packetCount == 0)
    }

    @Test
    func aSourceIsAskedToPauseOnceUntilItsPacketsAreGone() {
        let fixture = Fixture()
        _ = fixture.append(1, from: 1)
        #expect(!fixture.shouldPause(1))
        _ = fixture.append(2, from: 1)
        _ = fixture.append(3, from: 2)
        #expect(fixture.isCongested)
        #expect(fixture.shouldPause(1))
        #expect(!fixture.shouldPause(1))
        #expect(!fixture.shouldPause(2))
        #expect(!fixture.shouldPause(3))
        fixture.sourcesResumed()
        #expect(fixture.shouldPause(1))
    }

    @Test
    func everythingLeftIsCountedAtTheEnd() {
        let fixture = Fixture()
        _ = fixture.append(0, from: 1, kind: .disco)
        _ = fixture.append(1, from: 1)
        fixture.dropAll()
        #expect(fixture.drops.discoPackets == 1)
        #expect(fixture.drops.otherPackets == 1)
        #expect(fixture.drops.otherBytes == 63)
        #expect(fixture.bufferCount == 0)
    }

    /// Any sequence of appends and reads gives what a plain list with the same rule gives.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func aLaneBehavesLikeItsModel(seed: UInt64) {
        var random = SeededGenerator(seed)
        let fixture = Fixture(packets: 200, bytes: 40_000)
        var model = LaneModel(packets: 200, bytes: 40_000)
        for number in 0..<3000 {
            if Int.random(in: 0..<4, using: &random) > 0 {
                let source = UInt64(Int.random(in: 1...5, using: &random) == 1 ? Int.random(in: 1...40, using: &random) : 1)
                #expect(fixture.append(number, from: source) == model.append(number, from: source))
            } else if let numbers = fixture.take(limit: Int.random(in: 1...3000, using: &random)) {
                #expect(numbers == model.take(numbers.count))
            }
            #expect(fixture.packetCount == model.packets.count)
        }
        #expect(fixture.takeAll() == model.packets.map(\.number))
        #expect(fixture.drops.packets == model.dropped)
        #expect(fixture.bufferCount == 0)
    }
}

/// What a lane is meant to do, slowly.
private struct LaneModel {
    var packets: [(number: Int, source: UInt64)] = []
    var dropped = 0
    private let maximumCount: Int
    private let maximumBytes: Int

    init(packets: Int, bytes: Int) {
        maximumCount = packets
        maximumBytes = bytes
    }

    mutating func append(_ number: Int, from source: UInt64) -> Bool {
        while packets.count >= maximumCount || (packets.count + 1) * 100 > maximumBytes {
            var shares: [UInt64: Int] = [source: 1]
            for packet in packets { shares[packet.source, default: 0] += 1 }
            let most = shares.values.max() ?? 0
            // Of several that weigh most the newcomer pays; the test has one flood, so that others never tie.
            let heaviest = shares[source] == most ? source : shares.first { $0.value == most }?.key
            guard let index = packets.firstIndex(where: { $0.source == heaviest }) else { return false }
            packets.remove(at: index)
            dropped += 1
        }
        packets.append((number, source))
        return true
    }

    mutating func take(_ count: Int) -> [Int] {
        defer { packets.removeFirst(count) }
        return packets.prefix(count).map(\.number)
    }
}

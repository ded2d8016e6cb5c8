import Glibc
import Testing
import Wire

@testable import Relay

struct PacketRingTests {
    private let destination = ConnectionID(shard: 1, slot: 2, generation: 3)
    private let source = ConnectionID(shard: 0, slot: 9, generation: 1)

    private func append(_ ring: PacketRing, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { ring.append(.other, to: destination, from: source, $0) }
    }

    @Test
    func recordsAreSeenAfterTheyArePublished() {
        let ring = PacketRing()
        #expect(append(ring, [1, 2, 3]))
        #expect(ring.isEmpty)
        #expect(ring.next() == nil)
        #expect(ring.publish())
        #expect(!ring.publish())
        let record = ring.next()
        #expect(record.map { Array($0.frame) } == [1, 2, 3])
        #expect(record?.destination == destination)
        #expect(record?.source == source)
        #expect(record?.kind == .other)
        #expect(ring.next() == nil)
    }

    @Test
    func aFullRingTakesNothingUntilItIsRead() {
        let ring = PacketRing()
        let frame = [UInt8](repeating: 1, count: 65_000)
        var count = 0
        while append(ring, frame) { count += 1 }
        #expect(count == 8)
        _ = ring.publish()
        while ring.next() != nil {}
        #expect(!append(ring, frame))
        #expect(!ring.release())
        #expect(append(ring, frame))
    }

    @Test
    func theProducerLearnsWhatWasReadAndMayBeWoken() {
        let ring = PacketRing()
        _ = append(ring, [1])
        let mark = ring.position
        _ = append(ring, [2])
        _ = ring.publish()
        #expect(!ring.isConsumed(upTo: mark))
        _ = ring.next()
        ring.awaitConsumer()
        #expect(ring.release())
        #expect(!ring.release())
        #expect(ring.isConsumed(upTo: mark))
        #expect(!ring.isConsumed(upTo: ring.position))
    }

    /// Two threads, records of every size, thousands of times around the ring.
    @Test
    func nothingIsLostOrTornBetweenTwoThreads() async {
        let ring = PacketRing()
        let total = 50_000
        let producer = Task.detached {
            var random = SeededGenerator(1)
            for number in 0..<total {
                let bytes = [UInt8](repeating: UInt8(number & 0xff), count: Int.random(in: 0..<600, using: &random))
                while !append(ring, bytes) {
                    _ = ring.publish()
                    await Task.yield()
                }
                if number % 7 == 0 { _ = ring.publish() }
            }
            _ = ring.publish()
        }
        let consumer = Task.detached { () -> Bool in
            var random = SeededGenerator(1)
            var number = 0
            while number < total {
                while let record = ring.next() {
                    let count = Int.random(in: 0..<600, using: &random)
                    guard record.frame.count == count, record.frame.allSatisfy({ $0 == UInt8(number & 0xff) }) else {
                        return false
                    }
                    number += 1
                }
                _ = ring.release()
                await Task.yield()
            }
            return true
        }
        #expect(await consumer.value)
        await producer.value
    }
}

import CryptoBox
import DERP
import Glibc
import Testing
import Wire

@testable import Relay

/// Receivers that do not read, senders that send too much, and everybody else beside them.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct PressureTests {
    /// Frames of 1,400 bytes for a destination, `count` of them.
    private func frames(_ count: Int, to destination: NodeKey, size: Int = 1400) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: count * (size + 37))
        let data = [UInt8](repeating: 7, count: size)
        for _ in 0..<count { ClientFrame.writeSendPacket(to: destination, data.bytes, to: &writer) }
        return writer.bytes
    }

    /// Sends in the background until it is told to stop, as much as the relay takes.
    private final class Flood: Sendable {
        private let isStopped = Lock(false)
        private let sent = Lock(0)
        private let finished = Lock(false)

        init(_ client: TestClient, _ bytes: [UInt8]) {
            let number = dup(client.socket.number)
            Thread.run { [isStopped, sent, finished] in
                var offset = 0
                while !isStopped.withLock({ $0 }) {
                    let count = bytes[offset...].withUnsafeBytes {
                        Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                    }
                    if count > 0 {
                        offset = (offset + count) % bytes.count
                        sent.withLock { $0 += count }
                    } else if errno == EAGAIN {
                        usleep(200)
                    } else {
                        break
                    }
                }
                close(number)
                finished.withLock { $0 = true }
            }
        }

        var byteCount: Int { sent.withLock { $0 } }

        func stop() {
            isStopped.withLock { $0 = true }
            while !finished.withLock({ $0 }) { usleep(1000) }
        }
    }

    /// A thread of the tests' own, so that a blocking loop takes none of the pool's.
    private enum Thread {
        private final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }

        static func run(_ body: @escaping @Sendable () -> Void) {
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    argument.map { Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body() }
                    return nil
                }, Unmanaged.passRetained(Box(body)).toOpaque())
            pthread_detach(thread)
        }
    }

    @Test(arguments: [0, 1])
    func aReceiverThatStopsReadingIsCutOffAndNobodyElseIsSlowed(strangers: Int) async throws {
        let relay = try TestRelay(writeTimeout: .milliseconds(700))
        let stalled = try relay.logIn(receiveBuffer: 4096)
        let others = try (0..<strangers).map { _ in try relay.logIn() }
        let flooder = try relay.logIn()
        let a = try relay.logIn()
        let b = try relay.logIn()
        let flood = Flood(flooder, frames(100, to: stalled.publicKey))
        defer { flood.stop() }
        // A pair beside them: every packet arrives, none takes long.
        var slowest = Duration.zero
        for number in 0..<200 {
            let begin = ContinuousClock.now
            try a.send([UInt8(number)], to: b.publicKey)
            #expect(try b.nextPacket()?.data == [UInt8(number)])
            slowest = max(slowest, ContinuousClock.now - begin)
            usleep(2000)
        }
        // Far less than the write timeout, with room for a busy machine.
        #expect(slowest < .milliseconds(400))
        let statistics = try await relay.wait { $0.counters.closed(.writeTimeout) == 1 }
        #expect(statistics.counters.writeTimeouts == 1)
        #expect(others.count == strangers)
    }

    @Test(arguments: [0, 1])
    func aSlowSenderBesideAFlooderLosesNothing(strangers: Int) async throws {
        let relay = try TestRelay()
        let receiver = try relay.logIn(receiveBuffer: 32 << 10)
        let others = try (0..<strangers).map { _ in try relay.logIn() }
        let flooder = try relay.logIn()
        let slow = try relay.logIn()
        let flood = Flood(flooder, frames(500, to: receiver.publicKey))
        defer { flood.stop() }
        // The receiver reads less than the flooder sends, and forty packets a second come from the slow one.
        var fromSlow = 0
        var fromFlooder = 0
        for number in 0..<60 {
            try slow.send([UInt8(number), 99], to: receiver.publicKey)
            let end = ContinuousClock.now + .milliseconds(20)
            while ContinuousClock.now < end {
                guard let packet = try receiver.nextPacket(within: 0.02) else { break }
                if packet.source == slow.publicKey {
                    #expect(packet.data == [UInt8(fromSlow), 99])
                    fromSlow += 1
                } else {
                    fromFlooder += 1
                    // A slow reader.
                    usleep(100)
                }
            }
        }
        flood.stop()
        while fromSlow < 60, let packet = try receiver.nextPacket(within: 1) {
            if packet.source == slow.publicKey { fromSlow += 1 } else { fromFlooder += 1 }
        }
        #expect(fromSlow == 60)
        #expect(fromFlooder > 1000)
        #expect(others.count == strangers)
        // TCP holds the flooder back: what it sends is hardly ever dropped.
        let counters = await relay.datapath.snapshot().counters
        #expect(counters.backPressurePauses > 0)
        #expect(counters.droppedPacketCount < counters.packetsReceived / 20)
    }

    @Test
    func aSenderWithAStalledPeerStillReachesItsOthers() throws {
        let relay = try TestRelay(writeTimeout: .seconds(30))
        let stalled = try relay.logIn(receiveBuffer: 4096)
        let sender = try relay.logIn()
        let peer = try relay.logIn()
        // Fill everything between the sender and the stalled peer.
        let bytes = frames(5000, to: stalled.publicKey)
        let flood = Flood(sender, bytes)
        usleep(600_000)
        flood.stop()
        // A frame may have been cut off in the middle: complete it.
        let rest = flood.byteCount % bytes.count
        let frameCount = 1437
        let missing = (frameCount - rest % frameCount) % frameCount
        try sender.send(Array(bytes[rest..<rest + missing]))
        let begin = ContinuousClock.now
        for number in 0..<50 {
            try sender.send([UInt8(number)], to: peer.publicKey)
            #expect(try peer.nextPacket()?.data == [UInt8(number)])
        }
        #expect(ContinuousClock.now - begin < .seconds(2))
    }
}

import CryptoBox
import DERP
import Glibc
import Testing
import Wire

@testable import Relay

/// Connections that end at moments when the shard has noted them down for later. AddressSanitizer sees what these tests cannot.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct GoneConnectionTests {
    /// Holds the shard in one question, so that everything the test does meanwhile comes in one round.
    private final class HeldAdmission: RelayAdmission {
        typealias Decide = @Sendable (AdmissionDecision) -> Void

        private let state = Lock((held: Set<NodeKey>(), asked: Set<NodeKey>(), decisions: [NodeKey: Decide]()))

        /// The question about `key` blocks the shard until `release`.
        func hold(_ key: NodeKey) { state.withLock { _ = $0.held.insert(key) } }

        func release(_ key: NodeKey) { state.withLock { _ = $0.held.remove(key) } }

        func isAsked(about key: NodeKey) -> Bool { state.withLock { $0.asked.contains(key) } }

        func decide(_ key: NodeKey) { state.withLock { $0.decisions[key] }?(.allow(network: 0)) }

        func admit(_ request: AdmissionRequest, decide: @escaping Decide) {
            state.withLock { state in
                state.asked.insert(request.key)
                state.decisions[request.key] = decide
            }
            while state.withLock({ $0.held.contains(request.key) }) { usleep(500) }
        }
    }

    private func login(
        _ key: NodePrivateKey, to relay: TestRelay, packets: Int = 0, for destination: NodeKey? = nil
    ) throws -> [UInt8] {
        var random = SeededGenerator(.random(in: 0 ... .max))
        var machine = ClientConnection(key, announcedServerKey: relay.serverKey.publicKey, at: .zero)
        var writer = ByteWriter()
        try machine.start(using: &random, to: &writer)
        let data = [UInt8](repeating: 1, count: 1400)
        if let destination {
            for _ in 0..<packets { ClientFrame.writeSendPacket(to: destination, data.bytes, to: &writer) }
        }
        return writer.bytes
    }

    private func wait(_ condition: () -> Bool) throws {
        for _ in 0..<2000 where !condition() { usleep(1000) }
        guard condition() else { throw TestFailure("the condition did not come true") }
    }

    @Test
    func aReceiverThatFailsWithMuchInItsQueueIsForgotten() async throws {
        let admission = HeldAdmission()
        let relay = try TestRelay(admission: admission, shardCount: 1)
        let receiverKey = NodePrivateKey.random()
        var receiver: TestClient? = try relay.connect(receiverKey, unread: login(receiverKey, to: relay))
        try wait { admission.isAsked(about: receiverKey.publicKey) }
        admission.decide(receiverKey.publicKey)
        _ = try await relay.wait { $0.counters.clients == 1 }
        // The sender's packets wait for its admission. They come by the socket, so that it is read to its end.
        let senderKey = NodePrivateKey.random()
        let sender = try relay.connect(senderKey)
        try sender.send(login(senderKey, to: relay, packets: 30, for: receiverKey.publicKey))
        try wait { admission.isAsked(about: senderKey.publicKey) }
        // One batch of messages: the sender is admitted, and while the shard asks about another client the receiver vanishes.
        let first = NodePrivateKey.random()
        let second = NodePrivateKey.random()
        admission.hold(first.publicKey)
        admission.hold(second.publicKey)
        let holders = [try relay.connect(first, unread: login(first, to: relay))]
        try wait { admission.isAsked(about: first.publicKey) }
        admission.decide(senderKey.publicKey)
        let moreHolders = [try relay.connect(second, unread: login(second, to: relay))]
        admission.release(first.publicKey)
        try wait { admission.isAsked(about: second.publicKey) }
        receiver?.socket.reset()
        receiver = nil
        admission.release(second.publicKey)
        _ = try await relay.wait { $0.counters.connections == 3 }
        // The shard reads again, and would write to what it had noted down.
        try sender.send { ClientFrame.writeSendPacket(to: senderKey.publicKey, [5].bytes, to: &$0) }
        #expect(try sender.nextPacket()?.data == [5])
        #expect(holders.count + moreHolders.count == 2)
    }

    @Test
    func theEndOfADrainForgetsWhoWasToBeToldOfIt() async throws {
        let relay = try TestRelay(writeTimeout: .seconds(30), shardCount: 1)
        // Two that have heard each other and take nothing: they do not end by themselves.
        let a = try relay.logIn(receiveBuffer: 4096)
        let b = try relay.logIn(receiveBuffer: 4096)
        try a.send([1], to: b.publicKey)
        try b.send([1], to: a.publicKey)
        #expect(try a.nextPacket() != nil)
        #expect(try b.nextPacket() != nil)
        let flooder = try relay.logIn()
        var writer = ByteWriter()
        let data = [UInt8](repeating: 7, count: 1400)
        for _ in 0..<50 {
            for peer in [a, b] { ClientFrame.writeSendPacket(to: peer.publicKey, data.bytes, to: &writer) }
        }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(10)
        while clock.now < end {
            _ = flooder.sendWithoutWaiting(writer.bytes[...])
            let waiting = await relay.datapath.snapshot().connections.filter { $0.queuedBytes > 20_000 }
            if waiting.count == 2 { break }
        }
        await relay.datapath.drain(within: .milliseconds(50))
        let statistics = await relay.datapath.snapshot()
        #expect(statistics.counters.connections == 0)
        #expect(statistics.counters.closed(.shuttingDown) == 3)
    }
}

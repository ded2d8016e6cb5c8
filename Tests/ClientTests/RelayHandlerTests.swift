import CryptoBox
import DERP
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Client

@Suite struct RelayHandlerTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    @Test func packetsTravelBothWaysAfterTheLogin() async throws {
        let relay = try await FakeRelay(.reflects, on: loop)
        let link = try await Link(to: relay, on: loop)
        let peer = Self.key(9)
        try await link.next { if case .ready = $0 { true } else { false } }
        for packet in [[1, 2, 3], [], [UInt8](repeating: 7, count: 65_536)] as [[UInt8]] {
            try await link.onLoop { $0.send(packet, to: peer) }
            try await link.next { event in
                guard case .packet(let source, let bytes) = event else { return false }
                return source == peer && bytes == packet
            }
        }
        try await link.close()
        try await relay.close()
    }

    @Test func theFirstPingTellsTheLatency() async throws {
        let relay = try await FakeRelay(.reflects, on: loop)
        let link = try await Link(to: relay, on: loop)
        try await link.next { if case .latency(let time) = $0 { time > .zero } else { false } }
        try await link.close()
        try await relay.close()
    }

    @Test func anotherRelayKeyThanCoordinationNamedIsRefused() async throws {
        let relay = try await FakeRelay(.reflects, on: loop)
        let link = try await Link(to: relay, expecting: Self.key(5), on: loop)
        try await link.next { event in
            guard case .failed(.login(.wrongServerKey(let key))) = event else { return false }
            return key == relay.key.publicKey
        }
        try await link.closed()
        try await relay.close()
    }

    @Test func aRefusedUpgradeNamesItsStatus() async throws {
        let relay = try await FakeRelay(.answers("HTTP/1.1 403 Forbidden\r\n\r\n"), on: loop)
        let link = try await Link(to: relay, on: loop)
        try await link.next { if case .failed(.upgradeRefused(status: 403)) = $0 { true } else { false } }
        try await link.closed()
        try await relay.close()
    }

    @Test func anythingButHTTPIsRefused() async throws {
        let relay = try await FakeRelay(.answers("220 mail ready\r\n\r\n"), on: loop)
        let link = try await Link(to: relay, on: loop)
        try await link.next { if case .failed(.noHTTP) = $0 { true } else { false } }
        try await link.closed()
        try await relay.close()
    }

    @Test func aRelayThatDoesNotAnswerPingsIsGivenUp() async throws {
        let relay = try await FakeRelay(.isSilent, on: loop)
        let link = try await Link(to: relay, on: loop)
        try await link.next { if case .ready = $0 { true } else { false } }
        try await link.onLoop { handler in
            let deadline = try #require(handler.nextDeadline)
            handler.deadlineReached(at: deadline)
        }
        try await link.next { if case .failed(.silent) = $0 { true } else { false } }
        try await link.closed()
        try await relay.close()
    }

    @Test func whatIsSentBeforeTheLoginIsDropped() async throws {
        let relay = try await FakeRelay(.answers("HTTP/1.1 101 Switching Protocols\r\n\r\n"), on: loop)
        let link = try await Link(to: relay, on: loop)
        try await link.onLoop { handler in
            handler.send([1], to: Self.key(9))
            #expect(!handler.isReady)
            #expect(handler.droppedPackets == 0)
        }
        try await link.close()
        try await relay.close()
    }

    @Test func aFullQueueDropsTheOldestAndCountsIt() async throws {
        let relay = try await FakeRelay(.reflects, on: loop)
        let link = try await Link(to: relay, on: loop)
        try await link.next { if case .ready = $0 { true } else { false } }
        // Nobody reads while this runs, so that the socket fills and then the queue.
        try await link.onLoop { handler in
            for _ in 0..<1000 { handler.send([UInt8](repeating: 0, count: 65_536), to: Self.key(9)) }
            #expect(handler.droppedPackets > 0)
            #expect(handler.droppedPackets <= 1000 - RelayHandler.queueCapacity)
        }
        try await link.close()
        try await relay.close()
    }

    static func key(_ seed: UInt64) -> NodeKey {
        var random = SeededGenerator(seed)
        return NodePrivateKey(using: &random).publicKey
    }
}

/// A handler on a connection to a fake relay, and what it reports.
private struct Link {
    private let channel: any Channel
    private let handler: NIOLoopBound<RelayHandler>
    private let events: AsyncStream<RelayEvent>

    init(to relay: FakeRelay, expecting key: NodeKey? = nil, on loop: any EventLoop) async throws {
        let (events, source) = AsyncStream.makeStream(of: RelayEvent.self)
        self.events = events
        var random = SeededGenerator(1)
        let login = RelayHandler.Login(
            privateKey: NodePrivateKey(using: &random), relayKey: key ?? relay.key.publicKey,
            authority: "127.0.0.1:\(relay.port)", usesTLS: false)
        (channel, handler) = try await ClientBootstrap(group: loop).connect(host: "127.0.0.1", port: relay.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = RelayHandler(login) { source.yield($0) }
                try channel.pipeline.syncOperations.addHandler(handler)
                return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
            }
        }
    }

    /// Waits for an event of a kind; others are passed over.
    func next(where matches: @Sendable (RelayEvent) -> Bool) async throws {
        for await event in events where matches(event) { return }
        Issue.record("the event did not come")
    }

    func onLoop(_ body: @escaping @Sendable (RelayHandler) throws -> Void) async throws {
        try await channel.eventLoop.submit { try body(handler.value) }.get()
    }

    func close() async throws {
        try await channel.close()
    }

    func closed() async throws {
        try await channel.closeFuture.get()
    }
}

package import Traversal
package import Wire

/// Two hosts that send to each other through the simulated Internet, and what came of it.
package struct PairRun {
    package let internet: SimulatedInternet
    package let alice: SimulatedHost
    package let bob: SimulatedHost
    /// When the first data packet was sent.
    package private(set) var startedAt = Instant.zero

    /// Starts both hosts, lets them know each other and their NATs, and waits.
    package init(_ internet: SimulatedInternet, _ alice: SimulatedHost, _ bob: SimulatedHost, settling: Duration = .seconds(6)) {
        self.internet = internet
        self.alice = alice
        self.bob = bob
        alice.start()
        bob.start()
        internet.introduce(alice, bob)
        internet.run(for: settling)
        startedAt = internet.now
    }

    /// Two accesses with their hosts.
    package init(
        _ left: Access, _ right: Access, seed: UInt64 = 1, coreDelay: Duration = .milliseconds(10),
        configuration: PathAgent.Configuration = .standard, settling: Duration = .seconds(6)
    ) {
        let internet = SimulatedInternet(seed: seed, coreDelay: coreDelay)
        self.init(
            internet, left.host("alice", number: 1, in: internet, configuration: configuration),
            right.host("bob", number: 2, in: internet, configuration: configuration), settling: settling)
    }

    /// The most connections that one of a host's gateways held at once.
    package func largestConnectionCount(of host: SimulatedHost) -> Int {
        internet.gateways.filter { $0.name.hasPrefix(host.name) }.map(\.largestConnectionCount).max() ?? 0
    }

    package var aliceToBob: SimulatedPeer? { alice.peers[bob.nodeKey] }
    package var bobToAlice: SimulatedPeer? { bob.peers[alice.nodeKey] }

    /// Sends a packet each way every `interval`, for `duration`.
    package mutating func talk(
        for duration: Duration, every interval: Duration = .milliseconds(100), bothWays: Bool = true, byteCount: Int = 200
    ) {
        let end = internet.now + duration
        while internet.now < end {
            alice.send(to: bob, byteCount: byteCount)
            if bothWays { bob.send(to: alice, byteCount: byteCount) }
            internet.run(for: interval)
        }
    }

    /// Whether both sides take a direct path.
    package var isDirect: Bool {
        aliceToBob?.agent.path.isDirect == true && bobToAlice?.agent.path.isDirect == true
    }

    /// From the first packet until a side's path was direct.
    package func timeToDirect(_ peer: SimulatedPeer?) -> Duration? {
        peer?.directAt.map { $0 - startedAt }
    }

    /// The counters of packets that never arrived at `peer`'s owner, of those sent `margin` ago or earlier.
    package func lost(from sender: SimulatedPeer?, to receiver: SimulatedPeer?) -> [UInt64] {
        guard let sender, let receiver else { return [] }
        return (0..<sender.sent).filter { receiver.delivered[$0] == nil }
    }
}

import Foundation
import TestSupport
import Testing
import Traversal
import Wire

/// Random Internets: direct exactly where the oracle says that a direct path exists, else relayed, and never silent.
@Suite struct RandomTopologyTests {
    /// Topologies tried; `CAUSEWAY_TOPOLOGIES` asks for more.
    static let count = ProcessInfo.processInfo.environment["CAUSEWAY_TOPOLOGIES"].flatMap { Int($0) } ?? 1500
    static let batch = 100

    @Test(arguments: 0..<(count / batch))
    func theEngineFindsWhatTheOracleFinds(batch: Int) throws {
        for seed in batch * Self.batch..<(batch + 1) * Self.batch {
            let topology = RandomTopology(seed: UInt64(seed))
            var run = PairRun(topology.internet, topology.alice, topology.bob)
            run.talk(for: .seconds(10), every: .milliseconds(250))
            let hasSpoiltGateway = topology.internet.gateways.contains { $0.kind?.isSpoiltByStrays == true }
            if hasSpoiltGateway, PathOracle(run.alice, run.bob).isDirect {
                // Neighbours: the opener has reached the peer's gateway, which must forget it first.
                for _ in 0..<8 where !run.isDirect { run.talk(for: .seconds(40), every: .milliseconds(250)) }
            }
            run.internet.run(for: .seconds(1))
            let (alice, bob) = (try #require(run.aliceToBob), try #require(run.bobToAlice))
            let oracle = PathOracle(run.alice, run.bob)
            let summary: Comment =
                "\(topology.summary) | \(alice.agent.explanation) | \(bob.agent.explanation) | \(alice.agent.statistics)"
            // Guessed ports may make a path where the oracle has none without.
            let isGuessable = (oracle.guessedPorts ?? 0) > 0
            #expect(alice.agent.path.isDirect == oracle.leftIsDirect || (alice.agent.path.isDirect && isGuessable), summary)
            #expect(bob.agent.path.isDirect == oracle.rightIsDirect || (bob.agent.path.isDirect && isGuessable), summary)
            #expect(run.alice.lateProbes == 0 && run.bob.lateProbes == 0, summary)
            #expect(run.lost(from: alice, to: bob).isEmpty && run.lost(from: bob, to: alice).isEmpty, summary)
        }
    }
}

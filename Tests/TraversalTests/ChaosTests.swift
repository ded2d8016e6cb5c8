import Foundation
import TestSupport
import Testing
import Traversal
import Wire

/// Random Internets in which things break and heal while traffic flows.
///
/// While both relay links are up nobody is silent for long, whatever else happens; when the dust has settled, the path is direct
/// exactly where the oracle says that it can be.
@Suite struct ChaosTests {
    static let count = ProcessInfo.processInfo.environment["CAUSEWAY_CHAOS"].flatMap { Int($0) } ?? 120
    static let batch = 20
    /// The longest time without a delivery while the relay links are up: a cut is noticed within three seconds.
    static let longestSilence: Duration = .milliseconds(3300)

    @Test(arguments: 0..<(count / batch))
    func nobodyIsSilentAndTheEndIsRight(batch: Int) throws {
        for seed in batch * Self.batch..<(batch + 1) * Self.batch {
            var random = SeededGenerator(UInt64(seed) &+ 0xc4a05)
            let topology = RandomTopology(seed: UInt64(seed) &+ 100_000)
            var run = PairRun(topology.internet, topology.alice, topology.bob)
            var events: [String] = []
            var silentSince: [Duration] = []
            for _ in 0..<8 {
                events.append(Self.disturb(run, topology, using: &random))
                let before = run.internet.now
                run.talk(for: .milliseconds(Int64.random(in: 2000...9000, using: &random)), every: .milliseconds(100))
                silentSince.append(contentsOf: Self.silences(run, since: before))
            }
            Self.heal(run, topology)
            run.talk(for: .seconds(60), every: .milliseconds(100))
            let oracle = PathOracle(run.alice, run.bob)
            let isSpoilt = topology.internet.gateways.contains { $0.kind?.isSpoiltByStrays == true }
            for _ in 0..<8 where isSpoilt && oracle.isDirect && !run.isDirect {
                run.talk(for: .seconds(40), every: .milliseconds(250))
            }
            let (alice, bob) = (try #require(run.aliceToBob), try #require(run.bobToAlice))
            let summary: Comment =
                "\(topology.summary) | \(events) | \(alice.agent.explanation) | \(bob.agent.explanation) | \(alice.agent.statistics)"
            #expect(silentSince.allSatisfy { $0 <= Self.longestSilence }, summary)
            // More than the oracle's is possible: an endpoint learnt in one network may still be good in the next.
            #expect(alice.agent.path.isDirect || !oracle.leftIsDirect, summary)
            #expect(bob.agent.path.isDirect || !oracle.rightIsDirect, summary)
            for peer in [alice, bob] where peer.agent.path.isDirect { #expect(peer.agent.explanation == .direct, summary) }
            let seconds = (run.internet.now - .zero).inSeconds
            #expect(run.alice.lateProbes == 0 && run.bob.lateProbes == 0, summary)
            // A path in use costs a ping a second and its standby little; discovery keeps its budget.
            for host in [run.alice, run.bob] { #expect(Double(host.pingsSent) <= 100 + 7 * seconds, summary) }
        }
    }

    /// Breaks or heals one thing. Answers what it was.
    private static func disturb(_ run: PairRun, _ topology: RandomTopology, using random: inout SeededGenerator) -> String {
        let gateways = topology.internet.gateways
        let gateway = gateways[Int.random(in: 0..<gateways.count, using: &random)]
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            gateway.restart()
            return "restart \(gateway.name)"
        case 1:
            gateway.dropsOutbound.toggle()
            return "outbound \(gateway.name)"
        case 2:
            gateway.dropsInbound.toggle()
            return "inbound \(gateway.name)"
        case 3:
            topology.internet.core.isUp.toggle()
            return "core"
        case 4:
            let host = Bool.random(using: &random) ? run.alice : run.bob
            let home = topology.homes[Int.random(in: 0..<topology.homes.count, using: &random)]
            guard home.network.attachments[home.address] == nil else { return "nothing" }
            host.move(to: home.network, addresses: [home.address])
            return "\(host.name) to \(home.network.name)"
        default:
            topology.internet.core.loss = Double(Int.random(in: 0...2, using: &random)) * 0.05
            return "loss \(topology.internet.core.loss)"
        }
    }

    private static func heal(_ run: PairRun, _ topology: RandomTopology) {
        topology.internet.core.isUp = true
        topology.internet.core.loss = 0
        for gateway in topology.internet.gateways {
            gateway.dropsOutbound = false
            gateway.dropsInbound = false
        }
    }

    /// The times without a delivery to either side.
    private static func silences(_ run: PairRun, since start: Instant) -> [Duration] {
        [run.aliceToBob, run.bobToAlice].flatMap { peer -> [Duration] in
            let times = (peer?.delivered.values.filter { $0 >= start } ?? []).sorted()
            let all = [start] + times + [run.internet.now]
            return zip(all.dropFirst(), all).map { $0 - $1 }
        }
    }
}

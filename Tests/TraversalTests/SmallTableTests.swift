import TestSupport
import Testing
import Traversal
import Wire

/// Guessing ports behind home routers whose tables hold 1,024 connections and drop what is new beyond.
@Suite struct SmallTableTests {
    /// A pair behind such routers, each with a neighbour who opens two connections a second, which live for two minutes.
    private struct Homes {
        var run: PairRun
        let neighbours: [SimulatedBystander]

        init(_ left: Access, _ right: Access, seed: UInt64, configuration: PathAgent.Configuration = .standard) {
            let internet = SimulatedInternet(seed: seed)
            let alice = left.host("alice", number: 1, in: internet, configuration: configuration)
            let bob = right.host("bob", number: 2, in: internet, configuration: configuration)
            neighbours = [alice, bob].map { SimulatedBystander(beside: $0, of: internet, every: .milliseconds(500)) }
            run = PairRun(internet, alice, bob)
        }

        var dropCounts: [Int] { run.internet.gateways.map(\.dropCount) }

        /// What the neighbours asked and were not answered, but for what is on its way.
        var unanswered: Int {
            neighbours.reduce(0) { $0 + $1.fresh.sent - $1.fresh.answered + $1.kept.sent - $1.kept.answered } - 2
                * neighbours.count
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func aPathIsFoundAndNobodyElseNotices(seed: UInt64) {
        var homes = Homes(
            BirthdayRow.hard(.random, tableSize: 1024),
            BirthdayRow.nat(.endpointIndependent, .preserving, tableSize: 1024), seed: seed)
        homes.run.talk(for: .seconds(40))
        #expect(homes.run.isDirect)
        #expect(homes.dropCounts == [0, 0])
        #expect(homes.unanswered <= 0)
    }

    /// The peer has gone away: all guesses are made, in vain.
    @Test(arguments: [false, true])
    func aFullAttemptLeavesRoomForOthers(isHardSide: Bool) {
        var homes = Homes(
            BirthdayRow.hard(.random, tableSize: 1024), BirthdayRow.nat(.endpointIndependent, tableSize: 1024), seed: 1)
        homes.run.internet.gateways[isHardSide ? 1 : 0].dropsInbound = true
        homes.run.internet.gateways[isHardSide ? 1 : 0].dropsOutbound = true
        homes.run.talk(for: .seconds(120))
        #expect(!homes.run.isDirect)
        let own = homes.run.internet.gateways[isHardSide ? 0 : 1]
        #expect((750...1000).contains(own.largestConnectionCount), "\(own.largestConnectionCount)")
        #expect(own.dropCount == 0)
        let agent = (isHardSide ? homes.run.aliceToBob : homes.run.bobToAlice)?.agent
        #expect(agent?.statistics.birthdayAttempts == 1)
        #expect((agent?.statistics.birthdayPingsSent ?? 0) >= 1700)
    }

    /// A table that is too small for an attempt: it ends as soon as new connections are dropped, and is not made again.
    @Test func anAttemptStopsWhenTheTableIsFull() {
        var homes = Homes(
            BirthdayRow.hard(.random), BirthdayRow.nat(.endpointIndependent, tableSize: 400), seed: 3)
        homes.run.internet.gateways[0].dropsInbound = true
        homes.run.talk(for: .seconds(100))
        let statistics = homes.run.bobToAlice?.agent.statistics
        #expect(statistics?.birthdayAttempts == 1)
        // What the neighbour leaves, and a second of guesses beyond it.
        #expect((380...780).contains(statistics?.birthdayPingsSent ?? 0), "\(String(describing: statistics))")
        let neighbour = homes.neighbours[1]
        #expect(neighbour.kept.answered >= neighbour.kept.sent - 1)
        #expect(neighbour.fresh.answered < neighbour.fresh.sent - 10)
    }

    /// A long search goes on within the limit once the table was full.
    @Test func aSearchSlowsDownWhenTheTableIsFull() {
        let hard = BirthdayRow.hard(.random, tableSize: 1024)
        var homes = Homes(hard, hard, seed: 5, configuration: PathAgent.Configuration(isExhaustive: true))
        homes.run.talk(for: .seconds(60), every: .milliseconds(500))
        let drops = homes.dropCounts
        #expect(drops.allSatisfy { $0 > 0 })
        let explanation = homes.run.aliceToBob?.agent.explanation
        guard case .guessing(let odds) = explanation else {
            Issue.record("\(String(describing: explanation))")
            return
        }
        #expect(odds.most == 170_000)
        homes.run.talk(for: .seconds(120), every: .milliseconds(500))
        #expect(homes.dropCounts == drops)
        #expect(homes.run.aliceToBob?.agent.statistics.birthdayAttempts == 1)
    }
}

import Testing
import Wire

@testable import Traversal

private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

private let target = IPAddress(203, 0, 113, 2)
private let mapped = Endpoint(target, 7000)
private let model = SocketID(1)

private func plan(_ role: BirthdayPlan.Role, sockets: Int = 0, packets: Int) -> BirthdayPlan {
    BirthdayPlan(role: role, target: target, socketCount: sockets, model: model, packetCount: packets)
}

@Suite struct BirthdayProbingTests {
    @Test(arguments: [0...0, 1...10, 1023...1023, 1020...1030, 65_535...65_535, 0...65_535] as [ClosedRange<UInt16>])
    func anyRangeThatAPeerNamesLeavesAllUsualPortsToGuess(ports: ClosedRange<UInt16>) {
        var random = SeededGenerator(1)
        var behavior = NATBehavior(allocation: .random)
        behavior.ports = ports
        var order = PortOrder(behavior: behavior, seen: 7000, runLength: 256)
        var guessed = Set<UInt16>()
        while let port = order.next(using: &random) { guessed.insert(port) }
        #expect(guessed == Set(PortOrder.usualPorts))
    }

    @Test(arguments: [0, 9, 504, 505, -505, .max, .min] as [Int16])
    func anyStepThatAPeerNamesIsSurvived(step: Int16) {
        var random = SeededGenerator(1)
        var order = PortOrder(behavior: NATBehavior(allocation: .sequential(step: step)), seen: 7000, runLength: 256)
        var guessed = Set<UInt16>()
        while let port = order.next(using: &random) { guessed.insert(port) }
        #expect(guessed == Set(PortOrder.usualPorts))
    }

    private var random = SeededGenerator(1)

    /// All probes of an attempt, with their times.
    private mutating func all(_ run: inout BirthdayProbing, until end: Instant = time(3_600_000)) -> [(
        probe: BirthdayProbing.Probe, at: Instant
    )] {
        var probes: [(BirthdayProbing.Probe, Instant)] = []
        while let deadline = run.nextDeadline, deadline <= end {
            for probe in run.step(at: deadline, using: &random) { probes.append((probe, deadline)) }
        }
        return probes
    }

    private func mostPerSecond(_ times: [Instant]) -> Int {
        var (most, first) = (0, 0)
        for (last, at) in times.enumerated() {
            while at - times[first] >= .seconds(1) { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    @Test mutating func aGuesserTriesEachPortOnceWithinItsBudgetAndPace() {
        let order = PortOrder(behavior: NATBehavior(allocation: .random), seen: 7000, runLength: 256)
        var run = BirthdayProbing.guess(plan(.guesser, packets: 2048), order: order, at: .zero)
        let probes = all(&run)
        #expect(probes.count == 2048)
        #expect(Set(probes.map(\.probe.path.endpoint.port)).count == 2048)
        #expect(probes.allSatisfy { $0.probe.path.socket == model && $0.probe.path.endpoint.address == target })
        #expect(mostPerSecond(probes.map(\.at)) <= 300)
        #expect((4900...5300).contains(Int((probes[1499].at - .zero).inMilliseconds)))
        #expect(mostPerSecond(probes.dropFirst(1500).map(\.at)) <= 104)
        #expect(run.isOver)
        #expect(run.odds == 99)
    }

    @Test mutating func theOddsAreThoseOfTheBirthdayProblem() {
        let order = PortOrder(behavior: NATBehavior(allocation: .random), seen: 7000, runLength: 256)
        var run = BirthdayProbing.guess(plan(.guesser, packets: 174), order: order, at: .zero)
        _ = all(&run)
        #expect(run.odds == 49)
    }

    @Test mutating func anOpenerWritesThriceSparingThePeerAtFirst() {
        let sockets = (10..<266).map { SocketID(UInt16($0)) }
        var run = BirthdayProbing.open(
            plan(.opener, sockets: 256, packets: 768), sockets: sockets, towards: mapped, sparingPeer: true, isPredicted: false,
            at: .zero)
        let probes = all(&run)
        #expect(probes.map(\.probe.path.socket) == sockets + sockets.prefix(128) + sockets)
        #expect(probes.allSatisfy { $0.probe.path.endpoint == mapped })
        #expect(probes.map(\.probe.isOpener) == [Bool](repeating: true, count: 256) + [Bool](repeating: false, count: 384))
        #expect(probes[255].at <= time(900))
        #expect(probes[256].at >= time(2000))
        #expect(probes[384].at >= time(7000))
        #expect(mostPerSecond(probes.map(\.at)) <= 300)
        #expect(run.odds == nil)
    }

    @Test mutating func aSearchKeepsAPolitePaceAndTellsItsSmallOdds() {
        var run = BirthdayProbing.search(
            plan(.searcher, sockets: 2, packets: 170_000), sockets: [SocketID(2), SocketID(3)],
            ports: PortOrder.usualPorts, lifetime: nil, at: .zero)
        let probes = all(&run)
        #expect(probes.count == 170_000)
        #expect(mostPerSecond(probes.prefix(5000).map(\.at)) <= 104)
        #expect(run.odds == 21)
    }

    /// Two searches against each other, with NATs that hand out one of few ports: as often successful as the arithmetic says.
    @Test func aSearchFindsAPathAsOftenAsItsOddsSay() throws {
        let ports: ClosedRange<UInt16> = 2000...2255
        let sockets = (0..<64).map { SocketID(UInt16($0)) }
        var (found, expected) = (0, 0)
        for seed in 0..<200 {
            var random = SeededGenerator(UInt64(seed))
            var runs = (0..<2).map { _ in
                BirthdayProbing.search(
                    plan(.searcher, sockets: 64, packets: 200), sockets: sockets, ports: ports, lifetime: .seconds(60), at: .zero)
            }
            // What each side's mappings are: the port and the port it is aimed at.
            var mappings: [Set<[UInt16]>] = [[], []]
            while let side = runs.indices.filter({ !runs[$0].isOver }).min(by: {
                (runs[$0].nextDeadline ?? .zero) < (runs[$1].nextDeadline ?? .zero)
            }) {
                let now = try #require(runs[side].nextDeadline)
                for probe in runs[side].step(at: now, using: &random) {
                    mappings[side].insert([UInt16.random(in: ports, using: &random), probe.path.endpoint.port])
                }
            }
            if mappings[0].contains(where: { mappings[1].contains([$0[1], $0[0]]) }) { found += 1 }
            expected += try #require(runs[0].odds)
        }
        // 200 · 200 / 256² = 0.61 matches: 46 % of 200, with a standard deviation of 7.
        #expect(abs(found - expected / 100) <= 21)
        #expect(expected / 200 == 45)
    }
}

@Suite struct PortOrderTests {
    private var random = SeededGenerator(1)

    private mutating func ports(_ order: inout PortOrder, _ count: Int) -> [UInt16] {
        (0..<count).compactMap { _ in order.next(using: &random) }
    }

    @Test mutating func everyUsualPortComesOnce() {
        var order = PortOrder(behavior: .unknown, seen: 7000, runLength: 256)
        let all = ports(&order, 70_000)
        #expect(all.count == 64_512)
        #expect(Set(all) == Set(1024...65_535))
    }

    @Test mutating func aBlockThatWasSeenComesFirst() {
        var order = PortOrder(
            behavior: NATBehavior(allocation: .random, ports: 20_000...20_999), seen: 20_500, runLength: 256)
        let first = ports(&order, 1000)
        #expect(first.count { (19_000...21_999).contains($0) } >= 750)
        let others = ports(&order, 70_000)
        #expect(Set(first + others) == Set(1024...65_535))
    }

    @Test(arguments: [0, 1, 40, 120, 300, 1000])
    mutating func aRunOfASequenceIsFoundSoon(drift: Int) {
        let step: Int16 = 2
        var order = PortOrder(behavior: NATBehavior(allocation: .sequential(step: step)), seen: 60_000, runLength: 256)
        let run = Set((1...256).map { PortOrder.port(after: 60_000, step: step, distance: drift + $0) })
        let guesses = ports(&order, 60)
        #expect(guesses.contains { run.contains($0) })
    }

    @Test func aSequenceWrapsAroundWithinTheUsualPorts() {
        #expect(PortOrder.port(after: 65_535, step: 1, distance: 1) == 1024)
        #expect(PortOrder.port(after: 1024, step: -1, distance: 1) == 65_535)
    }
}

@Suite struct BirthdayAllowanceTests {
    private var allowance = BirthdayAllowance()

    private func guess(_ number: UInt8) -> BirthdayPlan {
        BirthdayPlan(
            role: .guesser, target: IPAddress(203, 0, 113, number), socketCount: 0, model: model, packetCount: 2048)
    }

    private mutating func begin(_ plan: BirthdayPlan, at milliseconds: Int64) -> Bool {
        allowance.begin(plan, at: time(milliseconds))
    }

    @Test mutating func anAddressThatDoesNotAnswerRestsTenMinutes() {
        let attempt1 = begin(guess(1), at: 0)
        #expect(attempt1)
        allowance.ended(guess(1), isAnswered: false)
        let attempt2 = begin(guess(1), at: 599_999)
        #expect(!attempt2)
        let attempt3 = begin(guess(1), at: 600_000)
        #expect(attempt3)
    }

    @Test mutating func anAddressThatAnswersMayBeGuessedAtAgainSoonAndNotTooOften() {
        var begun = 0
        for second in stride(from: Int64(0), to: 599, by: 10) where allowance.begin(guess(1), at: time(second * 1000)) {
            begun += 1
            allowance.ended(guess(1), isAnswered: true)
        }
        #expect(begun == 6)
    }

    @Test mutating func twoAttemptsRunAtOnce() {
        let attempt4 = begin(guess(1), at: 0)
        #expect(attempt4)
        let attempt5 = begin(guess(1), at: 30_000)
        #expect(!attempt5)
        let attempt6 = begin(guess(2), at: 30_000)
        #expect(attempt6)
        let attempt7 = begin(guess(3), at: 30_000)
        #expect(!attempt7)
        allowance.ended(guess(1), isAnswered: false)
        let attempt8 = begin(guess(3), at: 30_000)
        #expect(attempt8)
    }

    @Test mutating func allAttemptsTogetherKeepTheirPackets() {
        var begun = 0
        for number in UInt8(1)...100 where allowance.begin(guess(number), at: time(Int64(number) * 1000)) {
            begun += 1
            allowance.ended(guess(number), isAnswered: true)
        }
        #expect(begun == 8)
    }
}

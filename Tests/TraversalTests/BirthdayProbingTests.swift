import Testing
import Wire

@testable import Traversal

private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

private let target = IPAddress(203, 0, 113, 2)
private let mapped = Endpoint(target, 7000)
private let model = SocketID(1)

private func plan(_ role: BirthdayPlan.Role, sockets: Int = 0, packets: Int) -> BirthdayPlan {
    BirthdayPlan(
        role: role, target: target, socketCount: sockets, model: model, packetCount: packets, entryCount: sockets)
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

    private func guesses() -> BirthdayProbing {
        let order = PortOrder(behavior: NATBehavior(allocation: .random), seen: 7000, runLength: 704)
        return .guess(
            plan(.guesser, packets: GuessWaves.packetCount), waves: GuessWaves(order, chance: 704.0 / 64_512), at: .zero)
    }

    /// Entries in a table that forgets after 30 s: the most that different ports within such a time make.
    private func mostEntries(_ probes: [(probe: BirthdayProbing.Probe, at: Instant)]) -> Int {
        var (most, first) = (0, 0)
        var alive: [DirectPath: Int] = [:]
        for (probe, at) in probes {
            while at - probes[first].at > .seconds(30) {
                let path = probes[first].probe.path
                alive[path] = alive[path].flatMap { $0 > 1 ? $0 - 1 : nil }
                first += 1
            }
            alive[probe.path, default: 0] += 1
            most = max(most, alive.count)
        }
        return most
    }

    @Test mutating func aGuesserKeepsPaceAndLeavesTheGatewayRoom() {
        var run = guesses()
        let probes = all(&run)
        #expect(probes.count == 4 * 704)
        #expect(Set(probes.map(\.probe.path.endpoint.port)).count == 2 * 704)
        #expect(probes.allSatisfy { $0.probe.path.socket == model && $0.probe.path.endpoint.address == target })
        #expect(mostPerSecond(probes.map(\.at)) <= 300)
        #expect(mostEntries(probes) == 704)
        #expect(run.isOver)
    }

    @Test mutating func aWaveGuessesEachPortOnceAndThenTheSameOnesAgain() {
        var run = guesses()
        let ports = all(&run, until: time(10_000)).map(\.probe.path.endpoint.port)
        #expect(ports.count == 1408)
        #expect(Array(ports.prefix(704)) == Array(ports.suffix(704)))
        #expect(Set(ports).count == 704)
    }

    @Test mutating func theOddsAreThoseOfTheBirthdayProblem() throws {
        var run = guesses()
        _ = all(&run, until: time(227))
        let early = run.odds
        #expect((60...80).contains(early.sent))
        // (1 − n/N)^m.
        let miss = (0..<704).reduce(1.0) { miss, _ in miss * (1 - Double(early.sent) / 64_512) }
        #expect(abs(try #require(early.odds) - (1 - miss)) < 0.003)
        _ = all(&run)
        #expect(try #require(run.odds.odds) > 0.9999)
    }

    @Test mutating func anOpenerReachesFurtherWithEachPass() {
        let sockets = (10..<522).map { SocketID(UInt16($0)) }
        let count = OpenerPasses.packetCount(sockets: 512, isPredicted: false)
        var run = BirthdayProbing.open(
            plan(.opener, sockets: 512, packets: count), sockets: sockets, towards: mapped, sparingPeer: true, isPredicted: false,
            at: .zero)
        let probes = all(&run)
        #expect(probes.count == count)
        #expect(probes.allSatisfy { $0.probe.path.endpoint == mapped })
        let even = stride(from: 0, to: 512, by: 2).map { sockets[$0] }
        let quarter = stride(from: 0, to: 512, by: 4).map { sockets[$0] }
        #expect(probes.map(\.probe.path.socket) == sockets + even + quarter + sockets)
        let reaches = probes.map(\.probe.reach)
        #expect(reaches.prefix(512) == ArraySlice((0..<512).map { $0 % 2 == 0 ? .near : .beyondCarrier }))
        #expect(reaches[512..<768].allSatisfy { $0 == .beyondCarrier })
        #expect(reaches[768..<896].allSatisfy { $0 == .full })
        #expect(Set(zip(probes, reaches).filter { $0.1 == .full }.map(\.0.probe.path.socket)) == Set(quarter))
        #expect(probes[511].at <= time(1800))
        #expect(probes[767].at <= time(2700))
        #expect(probes[768].at >= time(5500))
        // Before a table that forgets after 30 s has forgotten the first one.
        #expect((26_000...28_000).contains((probes[896].at - .zero).inMilliseconds))
        #expect(mostPerSecond(probes.map(\.at)) <= 300)
        #expect(run.odds.odds == nil)
    }

    @Test mutating func whereBothSidesArePredictedAllPacketsArriveSoon() {
        let sockets = (10..<266).map { SocketID(UInt16($0)) }
        var run = BirthdayProbing.open(
            plan(.opener, sockets: 256, packets: 1280), sockets: sockets, towards: mapped, sparingPeer: true, isPredicted: true,
            at: .zero)
        let probes = all(&run)
        #expect(probes.count == OpenerPasses.packetCount(sockets: 256, isPredicted: true))
        #expect(probes[256..<512].allSatisfy { $0.probe.reach == .full && $0.at <= time(1800) })
    }

    @Test mutating func aSearchKeepsAPolitePaceAndTellsItsSmallOdds() throws {
        let usual = PortOrder.usualPorts
        var run = BirthdayProbing.search(
            plan(.searcher, sockets: 2, packets: 170_000), sockets: [SocketID(2), SocketID(3)],
            PortSearch(from: usual, to: usual, isExhaustive: true), at: .zero)
        let probes = all(&run)
        #expect(probes.count == 170_000)
        #expect(mostPerSecond(probes.prefix(5000).map(\.at)) <= 104)
        #expect(abs(try #require(run.odds.odds) - 0.2157) < 0.001)
    }

    @Test mutating func aSearchThatFillsTheTableWaitsAndGoesOnWithinTheLimit() {
        let usual = PortOrder.usualPorts
        var run = BirthdayProbing.search(
            plan(.searcher, sockets: 2, packets: 170_000), sockets: [SocketID(2), SocketID(3)],
            PortSearch(from: usual, to: usual, isExhaustive: true), at: .zero)
        _ = all(&run, until: time(10_000))
        let goesOn = run.gatewayDropped(at: time(10_000))
        #expect(goesOn)
        let probes = all(&run, until: time(200_000))
        #expect(probes.first?.at == time(41_000))
        #expect(mostEntries(probes) <= 205)
        let goesOnAgain = run.gatewayDropped(at: time(200_000))
        #expect(!goesOnAgain)
    }

    @Test func aBlockOfPortsIsTheSmallestPowerOfTwoAroundWhatWasSeen() {
        func block(_ ports: ClosedRange<UInt16>?, _ allocation: NATBehavior.Allocation = .random) -> ClosedRange<UInt16>? {
            NATBehavior(allocation: allocation, ports: ports).portBlock
        }
        #expect(block(20_490...20_980) == 20_480...20_991)
        #expect(block(1024...1025) == 1024...1087)
        #expect(block(65_500...65_535) == 65_472...65_535)
        #expect(block(20_000...30_000) == nil)
        #expect(block(nil) == nil)
        #expect(block(20_490...20_980, .sequential(step: 1)) == nil)
        #expect(block(0...10) == nil)
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

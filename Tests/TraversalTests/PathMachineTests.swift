import Disco
import Testing
import Wire

@testable import Traversal

private let path = DirectPath(socket: SocketID(1), endpoint: Endpoint(IPAddress(203, 0, 113, 5), 5000))
private let other = DirectPath(socket: SocketID(1), endpoint: Endpoint(IPAddress(203, 0, 113, 6), 6000))

private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

@Suite struct PathScoreTests {
    /// Latencies in milliseconds; whether the first is to be taken in place of the second.
    static let cases: [(String, Int64, String, Int64, Bool)] = [
        ("10.0.0.1", 100, "203.0.113.1", 91, true),
        ("203.0.113.1", 91, "10.0.0.1", 100, false),
        ("2001:db8::1", 100, "203.0.113.1", 91, true),
        ("203.0.113.1", 30, "2001:db8::1", 100, true),
        ("203.0.113.1", 100, "203.0.113.2", 101, false),
        ("203.0.113.1", 100, "203.0.113.2", 103, true),
        ("203.0.113.1", 103, "203.0.113.2", 100, false),
        ("127.0.0.1", 100, "10.0.0.1", 80, true),
        ("fd00::1", 100, "10.0.0.1", 100, true),
    ]

    @Test(arguments: cases)
    func aLeadInPointsDecides(left: String, leftLatency: Int64, right: String, rightLatency: Int64, isBetter: Bool) throws {
        let first = PathScore(address: try #require(IPAddress(left)), latency: .milliseconds(leftLatency))
        let second = PathScore(address: try #require(IPAddress(right)), latency: .milliseconds(rightLatency))
        #expect(first.isBetter(than: second) == isBetter)
    }
}

@Suite struct PathHealthTests {
    @Test func anAnswerIsTrustedForAWhile() {
        let health = PathHealth(path: path, latency: .milliseconds(30), at: time(0))
        #expect(health.isTrusted(at: time(6500)))
        #expect(!health.isTrusted(at: time(6501)))
        #expect(!health.isFailing)
    }

    @Test func unansweredPingsCauseDoubtAndThenDeath() {
        var health = PathHealth(path: path, latency: .milliseconds(30), at: time(0))
        health.interval = .seconds(1)
        var (doubtAt, deadAt): (Instant?, Instant?) = (nil, nil)
        while deadAt == nil, let due = health.nextPing {
            health.pinging(at: due)
            if health.isFailing, doubtAt == nil { doubtAt = due }
            if health.isDead { deadAt = due }
        }
        // The ping at 750 ms (one second after the last, on the grid) is repeated after 200 ms, and doubted after 200 more.
        #expect(doubtAt == time(1150))
        #expect(deadAt == time(2350))
    }

    @Test func anAnswerEndsTheDoubt() {
        var health = PathHealth(path: path, latency: .milliseconds(30), at: time(0))
        health.interval = .seconds(1)
        for _ in 0..<3 { health.nextPing.map { health.pinging(at: $0) } }
        #expect(health.isFailing)
        health.answered(latency: .milliseconds(40), sentAt: time(1150), at: time(1190))
        #expect(health.isTrusted(at: time(1190)))
        #expect(health.missed == 0)
    }

    @Test func onlyAPingSentAfterASuspicionClearsIt() {
        var health = PathHealth(path: path, latency: .milliseconds(30), at: time(0))
        health.suspect(at: time(100))
        #expect(health.nextPing == time(100))
        health.answered(latency: .milliseconds(30), sentAt: time(90), at: time(120))
        #expect(health.isFailing)
        health.pinging(at: time(120))
        health.answered(latency: .milliseconds(30), sentAt: time(120), at: time(150))
        #expect(!health.isFailing)
    }

    @Test func aPathWhosePingsAreAllRefusedDiesSoonAndQuietly() {
        var health = PathHealth(path: path, latency: .milliseconds(30), at: time(0))
        health.interval = .seconds(1)
        var pings = 0
        while !health.isDead, let due = health.nextPing {
            health.suspect(at: due)
            health.pinging(at: health.nextPing ?? due)
            pings += 1
        }
        #expect(pings <= 6)
    }

    @Test func aSlowPathIsGivenMoreTime() {
        #expect(PathHealth(path: path, latency: .milliseconds(10), at: time(0)).timeout == .milliseconds(200))
        #expect(PathHealth(path: path, latency: .milliseconds(300), at: time(0)).timeout == .milliseconds(650))
        #expect(PathHealth(path: path, latency: .seconds(3), at: time(0)).timeout == .seconds(1))
    }
}

@Suite struct PathSelectorTests {
    private func answered(_ selector: inout PathSelector, _ path: DirectPath, _ latency: Int64, at now: Int64) {
        selector.answered(
            path, latency: .milliseconds(latency), sentAt: time(now - latency), byteCount: 124, at: time(now))
        selector.choose(at: time(now))
    }

    @Test func theFirstAnswerWinsAndABetterOneTakesOver() {
        var selector = PathSelector()
        answered(&selector, path, 50, at: 100)
        #expect(selector.current == path)
        #expect(selector.standby == nil)
        answered(&selector, other, 20, at: 120)
        #expect(selector.current == other)
        #expect(selector.standby == path)
    }

    @Test func jitterDoesNotMakeTheChoiceFlap() {
        var selector = PathSelector()
        answered(&selector, path, 50, at: 100)
        answered(&selector, other, 20, at: 120)
        for round in 0..<10 { answered(&selector, path, 5, at: 200 + Int64(round) * 100) }
        #expect(selector.current == other)
        answered(&selector, other, 20, at: 4000)
        answered(&selector, path, 5, at: 4000)
        #expect(selector.current == path)
    }

    @Test func theStandbyTakesOverFromAFailingPath() {
        var selector = PathSelector()
        answered(&selector, path, 20, at: 100)
        answered(&selector, other, 50, at: 120)
        selector.update(path) { $0.suspect(at: time(200)) }
        selector.choose(at: time(200))
        #expect(selector.current == other)
        #expect(selector.standby == nil)
    }

    @Test func aDeadPathIsForgotten() {
        var selector = PathSelector()
        answered(&selector, path, 20, at: 100)
        for step in 0..<5 { selector.update(path) { $0.pinging(at: time(200 + Int64(step))) } }
        selector.choose(at: time(300))
        #expect(selector.current == nil)
        #expect(selector.paths.isEmpty)
    }

    @Test func aStandbyOfAnotherKindIsPreferred() {
        let sameAddress = DirectPath(socket: SocketID(1), endpoint: Endpoint(path.endpoint.address, 7))
        var selector = PathSelector()
        answered(&selector, path, 20, at: 100)
        answered(&selector, sameAddress, 20, at: 100)
        answered(&selector, other, 60, at: 100)
        #expect(selector.standby == other)
    }

    @Test func noMorePathsAreRememberedThanTheLimit() {
        var selector = PathSelector()
        for port in 1...40 {
            answered(
                &selector, DirectPath(socket: SocketID(1), endpoint: Endpoint(IPAddress(203, 0, 113, 5), UInt16(port))), 20,
                at: Int64(100 + port))
        }
        #expect(selector.paths.count == PathSelector.maximumPaths)
        #expect(selector.current.map { selector.health(of: $0) != nil } == true)
    }
}

@Suite struct PathCapacityTests {
    @Test func whatEveryPathCarriesNeedsNoProof() {
        var capacity = PathCapacity()
        #expect(capacity.fit(1200, at: time(0)) == .fits)
        #expect(capacity.nextProbe == nil)
    }

    @Test func aLargerSizeIsProvenByAPingOfThatSize() {
        var capacity = PathCapacity()
        #expect(capacity.fit(1400, at: time(0)) == .unknown)
        #expect(capacity.takeProbe(timeout: .milliseconds(200), at: time(0)) == 1400)
        #expect(capacity.fit(1300, at: time(10)) == .unknown)
        capacity.answered(byteCount: 1400)
        #expect(capacity.fit(1400, at: time(20)) == .fits)
        #expect(capacity.nextProbe == nil)
    }

    @Test func aSizeThatIsNeverAnsweredIsTooLargeForAMinute() {
        var capacity = PathCapacity()
        _ = capacity.fit(1400, at: time(0))
        for step in 0..<3 as Range<Int64> {
            let size = capacity.takeProbe(timeout: .milliseconds(200), at: time(200 * step))
            #expect(size == 1400)
        }
        #expect(capacity.takeProbe(timeout: .milliseconds(200), at: time(600)) == nil)
        #expect(capacity.fit(1400, at: time(700)) == .tooLarge)
        #expect(capacity.fit(1250, at: time(800)) == .unknown)
        capacity.answered(byteCount: 1250)
        #expect(capacity.fit(1400, at: time(61_000)) == .unknown)
    }
}

@Suite struct PingLedgerTests {
    @Test func aPongCountsOnceInTimeAndByItsOwnWay() {
        var random = SeededGenerator(1)
        var ledger = PingLedger()
        let ids = (0..<4).map { _ in TransactionID(using: &random) }
        ledger.sent(ids[0], over: path, at: time(0))
        ledger.sent(ids[1], over: nil, at: time(0))
        ledger.sent(ids[2], over: path, at: time(0))
        #expect(ledger.answered(ids[0], byRelay: true, at: time(10)) == nil)
        #expect(ledger.answered(ids[0], byRelay: false, at: time(10))?.path == path)
        #expect(ledger.answered(ids[0], byRelay: false, at: time(10)) == nil)
        #expect(ledger.answered(ids[1], byRelay: true, at: time(10)) != nil)
        #expect(ledger.answered(ids[2], byRelay: false, at: time(5001)) == nil)
        #expect(ledger.answered(ids[3], byRelay: false, at: time(10)) == nil)
    }

    @Test func pingsOverABrokenPathAreForgotten() {
        var random = SeededGenerator(1)
        var ledger = PingLedger()
        let id = TransactionID(using: &random)
        ledger.sent(id, over: path, at: time(0))
        ledger.forget(path)
        #expect(ledger.answered(id, byRelay: false, at: time(1)) == nil)
    }
}

@Suite struct InvitationTests {
    private let endpoints = [Endpoint(IPAddress(203, 0, 113, 1), 1)]

    @Test func freshEndpointsAreSentAtOnce() {
        var invitation = Invitation()
        invitation.want(at: time(0))
        #expect(invitation.step(endpoints: endpoints, isFresh: true, at: time(0)) == .send(endpoints))
        #expect(invitation.nextDeadline == nil)
        #expect(invitation.isRecent(at: time(3999)))
    }

    @Test func staleOnesWaitForSTUN() {
        var invitation = Invitation()
        invitation.want(at: time(0))
        #expect(invitation.step(endpoints: endpoints, isFresh: false, at: time(0)) == .refresh)
        #expect(invitation.step(endpoints: endpoints, isFresh: false, at: time(500)) == .nothing)
        invitation.localChanged(at: time(600))
        #expect(invitation.step(endpoints: endpoints, isFresh: true, at: time(600)) == .send(endpoints))
    }

    @Test func butNotForever() {
        var invitation = Invitation()
        invitation.want(at: time(0))
        #expect(invitation.step(endpoints: endpoints, isFresh: false, at: time(0)) == .refresh)
        #expect(invitation.nextDeadline == time(1500))
        #expect(invitation.step(endpoints: endpoints, isFresh: false, at: time(1500)) == .send(endpoints))
    }

    @Test func theSameContentIsNotRepeatedSoon() {
        var invitation = Invitation()
        invitation.want(at: time(0))
        _ = invitation.step(endpoints: endpoints, isFresh: true, at: time(0))
        invitation.want(at: time(100))
        #expect(invitation.step(endpoints: endpoints, isFresh: true, at: time(100)) == .nothing)
        #expect(invitation.nextDeadline == nil)
        invitation.want(at: time(200))
        #expect(invitation.step(endpoints: [], isFresh: true, at: time(200)) == .nothing)
        #expect(invitation.nextDeadline == time(300))
        #expect(invitation.step(endpoints: [], isFresh: true, at: time(300)) == .send([]))
    }
}

@Suite struct DiscoveryTests {
    @Test func pausesGrowAndStopGrowing() {
        var discovery = Discovery.dormant
        var pauses: [Duration] = []
        for _ in 0..<12 {
            discovery.roundFailed(hadPath: false, at: time(0))
            pauses.append(discovery.nextDeadline.map { $0 - time(0) } ?? .zero)
        }
        let quiet = [Duration](repeating: .seconds(34), count: 7)
        #expect(pauses == [.seconds(5)] + quiet + [.seconds(70), .seconds(140), .seconds(300), .seconds(300)])
    }

    @Test func aLostPathIsAskedForEveryFewSecondsAndNowAndThenAfterAQuietTime() {
        var discovery = Discovery.dormant
        var pauses: [Duration] = []
        for _ in 0..<15 {
            discovery.roundFailed(hadPath: true, at: time(0))
            let pause = discovery.nextDeadline.map { $0 - time(0) } ?? .zero
            pauses.append(pause)
            #expect(discovery.isAfterQuiet(hadPath: true) == (pause > .seconds(30)))
        }
        #expect(pauses.prefix(5).allSatisfy { $0 == .seconds(5) })
        #expect(pauses[5..<12].allSatisfy { $0 == .seconds(34) })
        #expect(pauses.suffix(3) == [.seconds(70), .seconds(140), .seconds(300)])
    }
}

@Suite struct KeepaliveScheduleTests {
    @Test func itStaysBelowTheShortestLifetime() {
        #expect(KeepaliveSchedule.interval(nil, nil) == .seconds(25))
        #expect(KeepaliveSchedule.interval(.seconds(10), nil) == .seconds(8))
        #expect(KeepaliveSchedule.interval(.seconds(60), .seconds(20)) == .seconds(16))
        #expect(KeepaliveSchedule.interval(.seconds(300), nil) == .seconds(25))
        #expect(KeepaliveSchedule.interval(.seconds(1), nil) == .seconds(4))
    }

    @Test func pingsFallOnAGrid() {
        #expect(KeepaliveSchedule.aligned(time(1249)) == time(1000))
        #expect(KeepaliveSchedule.aligned(time(1250)) == time(1250))
    }
}

@Suite struct RemoteCandidatesTests {
    @Test func listsAreFilteredOrderedCappedAndWithoutDuplicates() {
        var remote = RemoteCandidates(allowsLoopback: false)
        let many = (1...100).map { Candidate(.host, Endpoint(IPAddress(10, 0, 0, UInt8($0)), 1)) }
        remote.setPublished(many + [Candidate(.serverReflexive, Endpoint(IPAddress(127, 0, 0, 1), 1))])
        #expect(remote.all.count == RemoteCandidates.maximumNamed)
        remote.setPublished([Candidate(.serverReflexive, path.endpoint), Candidate(.host, other.endpoint)])
        remote.setInvited([path.endpoint, other.endpoint])
        #expect(remote.all.map(\.endpoint) == [other.endpoint, path.endpoint])
        #expect(remote.all.map(\.kind) == [.host, .serverReflexive])
    }

    @Test func aDisguisedIPv4AddressIsUnmasked() throws {
        var remote = RemoteCandidates(allowsLoopback: false)
        remote.setPublished([Candidate(.host, try #require(Endpoint("[::ffff:203.0.113.5]:5000")))])
        #expect(remote.all.map(\.endpoint) == [path.endpoint])
    }

    @Test func sourcesOfPingsAreRememberedForAWhile() {
        var remote = RemoteCandidates(allowsLoopback: false)
        #expect(remote.heard(from: path.endpoint, at: time(0)) == true)
        #expect(remote.all.map(\.kind) == [.peerReflexive])
        remote.expire(keeping: [path.endpoint], at: time(50_000))
        #expect(!remote.isEmpty)
        remote.expire(keeping: [], at: time(50_000))
        #expect(remote.isEmpty)
    }

    @Test func theSourceUnheardLongestMakesRoom() {
        var remote = RemoteCandidates(allowsLoopback: false)
        for number in 1...40 {
            let isUsable = remote.heard(from: Endpoint(IPAddress(203, 0, 113, UInt8(number)), 1), at: time(Int64(number)))
            #expect(isUsable)
        }
        #expect(remote.all.count == RemoteCandidates.maximumReflexive)
        #expect(!remote.all.contains { $0.endpoint.address == IPAddress(203, 0, 113, 1) })
    }
}

@Suite struct CandidateTests {
    @Test func prioritiesFollowTheFormula() {
        // RFC 8445 §5.1.2.1: 2^24 × type preference + 2^8 × local preference + (256 − component).
        #expect(Candidate.Kind.host.priority(family: .ipv4) == 126 << 24 | (255 << 7) << 8 | 255)
        #expect(Candidate.Kind.relayed.priority(family: .ipv4) >> 24 == 0)
    }

    @Test func hostsComeBeforeReflexiveOnesAndIPv6BeforeIPv4() {
        let order: [Candidate.Kind] = [.host, .configured, .portMapped, .peerReflexive, .serverReflexive, .guessed, .relayed]
        let priorities = order.map { $0.priority(family: .ipv4) }
        #expect(priorities == priorities.sorted(by: >))
        #expect(Candidate.Kind.host.priority(family: .ipv6) > Candidate.Kind.host.priority(family: .ipv4))
        #expect(Candidate.Kind.host.priority(family: .ipv4) > Candidate.Kind.host.priority(family: .ipv4, interfaceRank: 1))
    }
}

import TestSupport
import Testing
import Traversal
import Wire

/// One kind of pair whose ports must be guessed, with what is asked of it.
struct BirthdayRow: Sendable {
    let name: String
    let left: Access
    let right: Access
    /// Time to direct that half of all runs keep, and all but one of a hundred.
    var p50 = Duration.milliseconds(1500)
    var p99 = Duration.seconds(10)
    /// How long a run may take, and the share of runs that must succeed.
    var limit = Duration.seconds(60)
    var rate = 0.99
    /// What each gateway's table may hold at once.
    var mostEntries = BirthdayAllowance.entryLimit
    /// One in so many of the usual runs is made: these are long.
    var share = 1
    /// Connections that somebody else behind each NAT opens every second.
    var othersPerSecond = 0

    init(_ left: Access, _ right: Access, name: String? = nil) {
        (self.left, self.right) = (left, right)
        self.name = name ?? "\(left.name) with \(right.name)"
    }

    /// With the lifetimes of Linux.
    static func nat(
        _ mapping: NATKind.Dependence = .endpointIndependent, _ allocation: NATKind.Allocation = .random,
        isSpoiltByStrays: Bool = false, tableSize: Int? = nil
    ) -> Access {
        .nat(
            NATKind(
                mapping: mapping, allocation: allocation, lifetime: .seconds(120), unansweredLifetime: .seconds(30),
                tableSize: tableSize, isSpoiltByStrays: isSpoiltByStrays))
    }

    static func hard(_ allocation: NATKind.Allocation, tableSize: Int? = nil) -> Access {
        nat(.addressAndPortDependent, allocation, tableSize: tableSize)
    }

    static let all: [BirthdayRow] = {
        let easy = nat()
        var carrier = BirthdayRow(
            .carrier(home: NATKind(), carrier: NATKind(mapping: .addressAndPortDependent, unansweredLifetime: .seconds(30))), easy
        )
        carrier.p50 = .seconds(2)
        return [
            BirthdayRow(hard(.random), easy),
            BirthdayRow(hard(.random), .firewall),
            BirthdayRow(hard(.random), nat(.endpointIndependent, .preserving, isSpoiltByStrays: true)),
            BirthdayRow(nat(.addressDependent), easy),
            carrier,
            BirthdayRow(hard(.block(first: 20_480, count: 2048)), easy),
            BirthdayRow(hard(.block(first: 20_480, count: 512)), easy),
            BirthdayRow(hard(.sequential(step: 1)), easy),
            BirthdayRow(hard(.sequential(step: 2)), easy),
        ] + bothHard
    }()

    private static var bothHard: [BirthdayRow] {
        var rows = [
            BirthdayRow(hard(.sequential(step: 1)), hard(.sequential(step: 1))),
            BirthdayRow(hard(.sequential(step: 1)), hard(.sequential(step: 2))),
            BirthdayRow(
                hard(.sequential(step: 1)), hard(.sequential(step: 2)), name: "the same, 20 connections a second beside"),
        ]
        rows[2].othersPerSecond = 20
        for index in rows.indices { (rows[index].p50, rows[index].p99) = (.seconds(2), .seconds(5)) }
        for count in [UInt16(512), 1024] {
            let block = hard(.block(first: 20_480, count: count))
            var row = BirthdayRow(block, block)
            (row.p50, row.p99, row.limit, row.rate, row.share) = (.seconds(600), .seconds(1200), .seconds(1200), 0.85, 4)
            rows.append(row)
        }
        return rows
    }
}

/// What came of one run.
struct BirthdayRun: Sendable {
    /// Nil when it stayed relayed, or did not stay direct.
    let time: Duration?
    /// Datagrams sent to guess, and the most entries in a gateway, of the left and of the right side.
    let packets: [Int]
    let entries: [Int]
    let openSockets: Int
    let summary: String

    init(_ row: BirthdayRow, seed: UInt64) {
        let internet = SimulatedInternet(seed: seed)
        let alice = row.left.host("alice", number: 1, in: internet)
        let bob = row.right.host("bob", number: 2, in: internet)
        if row.othersPerSecond > 0 {
            for host in [alice, bob] {
                _ = SimulatedBystander(beside: host, of: internet, every: .seconds(1) / row.othersPerSecond)
            }
        }
        var run = PairRun(internet, alice, bob)
        let isLong = row.limit > .seconds(60)
        let end = run.internet.now + row.limit
        while !run.isDirect, run.internet.now < end {
            run.talk(for: isLong ? .seconds(2) : .milliseconds(250), every: isLong ? .milliseconds(500) : .milliseconds(50))
        }
        let agents = [run.aliceToBob, run.bobToAlice].compactMap { $0 }
        let times = agents.compactMap(run.timeToDirect)
        packets = agents.map(\.agent.statistics.birthdayPingsSent)
        run.talk(for: .seconds(3))
        let isStable = run.isDirect && run.lost(from: run.aliceToBob, to: run.bobToAlice).count <= 1
        time = times.count == 2 && isStable ? times.max() : nil
        openSockets = max(run.alice.socketCount, run.bob.socketCount)
        entries = [run.alice, run.bob].map(run.largestConnectionCount)
        internet.dismantle()
        summary = agents.map { "\($0.agent.explanation) \($0.agent.statistics)" }.joined(separator: " / ")
    }
}

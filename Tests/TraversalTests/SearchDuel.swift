import Wire

@testable import Traversal

/// Two searches against each other without an Internet: each packet makes a mapping at a random port, which lives for 30 s.
struct SearchDuel {
    /// Packets that each side had sent when two mappings met; nil if none did.
    private(set) var foundAfter: Int?

    /// - Parameter packets: of each side. The search ends when a path is found.
    init(_ ports: ClosedRange<UInt16>, packets: Int, seed: UInt64) {
        var random = SeededGenerator(seed)
        let plan = BirthdayPlan(
            role: .searcher, target: IPAddress(203, 0, 113, 2), socketCount: 1, model: SocketID(1), packetCount: packets,
            entryCount: 0)
        let search = PortSearch(from: ports, to: ports, isExhaustive: ports.count > PortSearch.widestBlock)
        var runs = (0..<2).map { _ in BirthdayProbing.search(plan, sockets: [SocketID(1)], search, at: .zero) }
        // By port and target in one number.
        var alive: [[UInt32: Instant]] = [[:], [:]]
        var order: [[(key: UInt32, at: Instant)]] = [[], []]
        var first = [0, 0]
        while let side = (0..<2).filter({ !runs[$0].isOver }).min(by: {
            (runs[$0].nextDeadline ?? .zero) < (runs[$1].nextDeadline ?? .zero)
        }) {
            guard let now = runs[side].nextDeadline else { break }
            for old in 0..<2 {
                while first[old] < order[old].count, now - order[old][first[old]].at > BirthdayAllowance.entryLifetime {
                    alive[old][order[old][first[old]].key] = nil
                    first[old] += 1
                }
            }
            for probe in runs[side].step(at: now, using: &random) {
                let (own, target) = (UInt16.random(in: ports, using: &random), probe.path.endpoint.port)
                let key = UInt32(own) << 16 | UInt32(target)
                alive[side][key] = now
                order[side].append((key, now))
                if alive[1 - side][UInt32(target) << 16 | UInt32(own)] != nil {
                    foundAfter = max(runs[0].sent, runs[1].sent)
                    return
                }
            }
        }
    }
}

import CryptoBox
import Noise
import Wire

/// Two sessions and a bad network between them, in virtual time.
final class Lab {
    enum Side: Int, CaseIterable {
        case lower = 0
        case higher = 1

        var other: Side { self == .lower ? .higher : .lower }
    }

    struct Flight {
        let arrival: Instant
        let order: Int
        let to: Side
        let bytes: [UInt8]
    }

    /// Half a round trip.
    var latency: Duration = .milliseconds(30)
    /// Further delay at random, which lets packets overtake each other.
    var jitter: Duration = .zero
    var loss = 0.0
    var duplication = 0.0
    /// Decides about each packet, after the dice.
    var passes: (Side, [UInt8]) -> Bool = { _, _ in true }

    private(set) var now: Instant
    private(set) var effects: [Side: [Session.Effect]] = [.lower: [], .higher: []]
    /// Every packet that was sent, with its sender.
    private(set) var sent: [(from: Side, bytes: [UInt8])] = []

    private var lower: Session
    private var higher: Session
    private var flights: [Flight] = []
    private var order = 0
    private var random: SeededGenerator
    private let keys: [NodePrivateKey]
    private let limits: SessionLimits

    init(seed: UInt64 = 1, limits: SessionLimits = .standard, epoch: UInt64 = 1000) {
        let now = Instant.zero
        self.now = now
        self.limits = limits
        var random = SeededGenerator(seed)
        keys = [NodePrivateKey(using: &random), NodePrivateKey(using: &random)].sorted { $0.publicKey < $1.publicKey }
        lower = Session(local: keys[0], peer: keys[1].publicKey, epoch: epoch, limits: limits, at: now)
        higher = Session(local: keys[1], peer: keys[0].publicKey, epoch: epoch, limits: limits, at: now)
        self.random = random
    }

    func key(_ side: Side) -> NodePrivateKey { keys[side.rawValue] }

    /// Forgets a side's session, as when its program starts again with the clock at `epoch`.
    func restart(_ side: Side, epoch: UInt64 = 2000) {
        let fresh = Session(local: key(side), peer: key(side.other).publicKey, epoch: epoch, limits: limits, at: now)
        switch side {
        case .lower: lower = fresh
        case .higher: higher = fresh
        }
    }

    func send(_ payload: [UInt8], from side: Side) {
        var fresh: [Session.Effect] = []
        switch side {
        case .lower: lower.send(payload.bytes, at: now, using: &random, effects: &fresh)
        case .higher: higher.send(payload.bytes, at: now, using: &random, effects: &fresh)
        }
        take(fresh, of: side)
    }

    func prepare(_ side: Side) {
        var fresh: [Session.Effect] = []
        switch side {
        case .lower: lower.prepare(at: now, using: &random, effects: &fresh)
        case .higher: higher.prepare(at: now, using: &random, effects: &fresh)
        }
        take(fresh, of: side)
    }

    /// Hands a packet to a side at once.
    func inject(_ bytes: [UInt8], to side: Side) {
        var fresh: [Session.Effect] = []
        switch side {
        case .lower: lower.receive(bytes.bytes, at: now, using: &random, effects: &fresh)
        case .higher: higher.receive(bytes.bytes, at: now, using: &random, effects: &fresh)
        }
        take(fresh, of: side)
    }

    func isEstablished(_ side: Side) -> Bool {
        switch side {
        case .lower: lower.isEstablished(at: now)
        case .higher: higher.isEstablished(at: now)
        }
    }

    /// Lets time pass: packets arrive, deadlines are reached.
    func run(for duration: Duration) {
        let end = now + duration
        while true {
            let arrival = flights.min { ($0.arrival, $0.order) < ($1.arrival, $1.order) }
            let deadlines = [lower.nextDeadline, higher.nextDeadline].compactMap(\.self)
            guard let next = (deadlines + [arrival?.arrival].compactMap(\.self)).min(), next <= end else { break }
            now = max(now, next)
            if let arrival, arrival.arrival <= now {
                flights.removeAll { $0.order == arrival.order }
                inject(arrival.bytes, to: arrival.to)
            } else {
                reachDeadlines()
            }
        }
        now = end
    }

    func delivered(to side: Side) -> [[UInt8]] {
        (effects[side] ?? []).compactMap { effect in
            if case .deliver(let payload) = effect { payload } else { nil }
        }
    }

    func drops(_ side: Side) -> [DropReason] {
        (effects[side] ?? []).compactMap { effect in
            if case .dropped(let reason) = effect { reason } else { nil }
        }
    }

    func count(_ effect: Session.Effect, of side: Side) -> Int {
        (effects[side] ?? []).count { $0 == effect }
    }

    func initiations(from side: Side) -> [[UInt8]] {
        sent.filter { $0.from == side && $0.bytes.first == 0xc1 }.map(\.bytes)
    }

    func forgetEffects() {
        effects = [.lower: [], .higher: []]
        sent = []
    }

    private func reachDeadlines() {
        var fresh: [Session.Effect] = []
        if let deadline = lower.nextDeadline, deadline <= now {
            lower.deadlineReached(at: now, using: &random, effects: &fresh)
            take(fresh, of: .lower)
            fresh = []
        }
        if let deadline = higher.nextDeadline, deadline <= now {
            higher.deadlineReached(at: now, using: &random, effects: &fresh)
            take(fresh, of: .higher)
        }
    }

    private func take(_ fresh: [Session.Effect], of side: Side) {
        effects[side, default: []] += fresh
        for case .transmit(let bytes) in fresh {
            sent.append((side, bytes))
            guard Double.random(in: 0..<1, using: &random) >= loss, passes(side, bytes) else { continue }
            launch(bytes, to: side.other)
            if Double.random(in: 0..<1, using: &random) < duplication { launch(bytes, to: side.other) }
        }
    }

    private func launch(_ bytes: [UInt8], to side: Side) {
        order += 1
        let delay = latency + jitter * Double.random(in: 0..<1, using: &random)
        flights.append(Flight(arrival: now + delay, order: order, to: side, bytes: bytes))
    }
}

internal import Wire

/// In which order and how often an opener's sockets write, and how far each packet goes.
struct OpenerPasses: Sendable {
    /// How far a packet goes.
    enum Reach: Sendable {
        /// Out of the nearest NAT.
        case near
        /// Out of a carrier's NAT behind it, too.
        case beyondCarrier
        /// To the peer's gateway.
        case full
    }

    /// One packet of a pass's sockets each.
    private struct Pass: Sendable {
        /// The first socket, and the distance to the next.
        let first: Int
        let stride: Int
        /// From the beginning on.
        let delay: Duration
    }

    /// One in so many sockets writes to the peer's gateway before the last pass: a packet that comes to a gateway without a
    /// filter of its own costs it an entry, beside those of the guesses.
    static let fullStride = 4
    /// When the guesser has made all its guesses.
    static let fullDelay: Duration = .milliseconds(5500)
    /// Before mappings are forgotten.
    static let refreshDelay: Duration = .seconds(26)
    /// Where ports are predicted, both sides write again at these times, for the side that began late.
    static let predictedDelays: [Duration] = [.zero, .seconds(2), .seconds(4), .seconds(7)]

    private let passes: [Pass]
    private let socketCount: Int
    private let sparesPeer: Bool
    private let isPredicted: Bool
    private let beganAt: Instant
    private var pass = 0
    private var index: Int

    /// - Parameters:
    ///   - sparingPeer: the first packet of a socket must not reach the peer's gateway.
    ///   - isPredicted: each side writes to a predicted port of the other, so that all sockets must reach it, and soon.
    init(socketCount: Int, sparingPeer: Bool, isPredicted: Bool, at now: Instant) {
        self.socketCount = socketCount
        self.isPredicted = isPredicted
        sparesPeer = sparingPeer
        beganAt = now
        index = 0
        if isPredicted {
            passes = ([.zero] + Self.predictedDelays).map { Pass(first: 0, stride: 1, delay: $0) }
        } else {
            passes = [
                Pass(first: 0, stride: 1, delay: .zero),
                // Those that went no further than the nearest NAT at first.
                Pass(first: 0, stride: 2, delay: .zero),
                Pass(first: 0, stride: Self.fullStride, delay: Self.fullDelay),
                Pass(first: 0, stride: 1, delay: Self.refreshDelay),
            ]
        }
    }

    /// The packets of all passes.
    static func packetCount(sockets: Int, isPredicted: Bool) -> Int {
        var passes = OpenerPasses(socketCount: sockets, sparingPeer: true, isPredicted: isPredicted, at: .zero)
        var count = 0
        while !passes.isOver {
            _ = passes.next()
            count += 1
        }
        return count
    }

    var isOver: Bool { pass == passes.count || socketCount == 0 }

    /// The socket that writes next, by its number, and how far that packet goes.
    mutating func next() -> (index: Int, reach: Reach) {
        let (socket, reach) = (index, self.reach)
        index += passes[pass].stride
        if index >= socketCount {
            pass += 1
            index = isOver ? 0 : passes[pass].first
        }
        return (socket, reach)
    }

    private var reach: Reach {
        guard sparesPeer else { return .full }
        switch pass {
        case 0: return index % 2 == 0 ? .near : .beyondCarrier
        case 1: return isPredicted ? .full : .beyondCarrier
        case 2: return .full
        default: return isPredicted || index % Self.fullStride == 0 ? .full : .beyondCarrier
        }
    }

    /// At the end of a pass: the time until the next one, if it is not due.
    func pause(at now: Instant) -> Duration? {
        guard !isOver, pass > 0, index == passes[pass].first else { return nil }
        let due = beganAt + passes[pass].delay
        return due > now ? due - now : nil
    }
}

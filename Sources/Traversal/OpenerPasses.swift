internal import Wire

/// In which order and how often an opener's sockets write: all of them, half of them and all of them again.
struct OpenerPasses: Sendable {
    /// From the beginning to the second and the third pass: the last one before mappings are forgotten.
    static let delays: [Duration] = [.seconds(2), .seconds(7)]
    static let count = 3

    private let sizes: [Int]
    private let sparesPeer: Bool
    private let beganAt: Instant
    private var pass = 0
    private var index = 0

    /// - Parameters:
    ///   - sparingPeer: the first packet of a socket must not reach the peer's gateway.
    ///   - isRepeatedByAll: all sockets write in the second pass.
    init(socketCount: Int, sparingPeer: Bool, isRepeatedByAll: Bool, at now: Instant) {
        sizes = [socketCount, isRepeatedByAll ? socketCount : (socketCount + 1) / 2, socketCount]
        sparesPeer = sparingPeer
        beganAt = now
    }

    var isOver: Bool { pass == Self.count }

    /// The socket that writes next, by its number, and whether that packet is not to reach the peer's gateway.
    mutating func next() -> (index: Int, isOpener: Bool) {
        defer {
            index += 1
            if index == sizes[pass] { (pass, index) = (pass + 1, 0) }
        }
        return (index, sparesPeer && pass == 0)
    }

    /// At the end of a pass: the time until the next one, if it is not due.
    func pause(at now: Instant) -> Duration? {
        guard index == 0, pass > 0, !isOver else { return nil }
        let due = beganAt + Self.delays[pass - 1]
        return due > now ? due - now : nil
    }
}

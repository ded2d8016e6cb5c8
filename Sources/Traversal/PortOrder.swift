internal import Wire

/// The order in which the ports of a NAT's address are guessed: each at most once but for the predicted ones.
///
/// Guessing without replacement needs fewer probes than with it. What is known of how the NAT hands out ports comes first: the
/// next ports of a sequence, or the block that all ports seen so far lie in.
struct PortOrder: Sendable {
    /// Where NATs take ports from (RFC 4787 REQ-3: not from the well-known range for a port outside of it).
    static let usualPorts: ClosedRange<UInt16> = 1024...65_535
    /// Ports seen in at most so wide a range are a block of ports: three random ones lie so near in 1 of 80 cases.
    static let widestBlock = 4096
    /// Of so many probes one goes outside of the block, in case there is none.
    static let strayInterval = 4
    /// Guesses at a sequence, after which there is none.
    static let maximumPredicted = 512

    private var predicted: [UInt16] = []
    private var nextPredicted = 0
    private var likely: [UInt16]
    private var others: [UInt16]
    private var drawn = 0

    /// - Parameters:
    ///   - seen: a port that a server saw lately.
    ///   - runLength: ports of a sequence that the peer takes at once.
    init(behavior: NATBehavior, seen: UInt16, runLength: Int) {
        let usual = Self.usualPorts
        // The peer tells its behaviour, so it may tell anything.
        if let told = behavior.ports, told.overlaps(usual), behavior.allocation == .random, told.count <= Self.widestBlock {
            let ports = told.clamped(to: usual)
            // The block may go on for as long on both sides of what was seen.
            let width = UInt16(clamping: ports.count)
            let lowest = max(usual.lowerBound, ports.lowerBound > width ? ports.lowerBound - width : 0)
            let highest = ports.upperBound > .max - width ? .max : ports.upperBound + width
            likely = Array(lowest...highest)
            others = usual.filter { $0 < lowest || $0 > highest }
        } else {
            likely = Array(usual)
            others = []
        }
        if case .sequential(let step) = behavior.allocation, step != 0, abs(Int(step)) <= MappedEndpoints.longestStep {
            predicted = Self.sequence(after: seen, step: step, runLength: runLength)
        }
    }

    /// The ports among which the next guess is most likely made.
    var likelyCount: Int { likely.count }

    /// The next port; nil when all were guessed.
    mutating func next(using random: inout some RandomNumberGenerator) -> UInt16? {
        if nextPredicted < predicted.count {
            nextPredicted += 1
            return predicted[nextPredicted - 1]
        }
        drawn += 1
        if drawn % Self.strayInterval == 0, let port = Self.draw(from: &others, using: &random) { return port }
        return Self.draw(from: &likely, using: &random) ?? Self.draw(from: &others, using: &random)
    }

    private static func draw(from ports: inout [UInt16], using random: inout some RandomNumberGenerator) -> UInt16? {
        guard !ports.isEmpty else { return nil }
        ports.swapAt(Int.random(in: 0..<ports.count, using: &random), ports.count - 1)
        return ports.removeLast()
    }

    /// The port `distance` mappings after one that was seen, within the usual ones.
    static func port(after seen: UInt16, step: Int16, distance: Int) -> UInt16 {
        let (lowest, count) = (Int(usualPorts.lowerBound), usualPorts.count)
        let offset = (Int(seen) - lowest + Int(step) * distance) % count
        return UInt16(lowest + (offset + count) % count)
    }

    /// The peer takes a run of ports that begins an unknown number of mappings after the one seen, probably few. One probe in each
    /// half run finds it, so the ports near by are asked again and again, each time further.
    private static func sequence(after seen: UInt16, step: Int16, runLength: Int) -> [UInt16] {
        let stride = max(1, runLength / 2)
        let runs = max(1, usualPorts.count / (stride * max(1, abs(Int(step)))))
        var ports: [UInt16] = []
        var reach = 4
        while ports.count < maximumPredicted {
            let offset = stride / 4 + ports.count % max(1, stride / 2)
            for run in 0..<min(reach, runs) { ports.append(port(after: seen, step: step, distance: offset + run * stride)) }
            reach *= 2
        }
        return Array(ports.prefix(maximumPredicted))
    }
}

extension NATBehavior {
    /// The block of ports that the NAT seems to take all of its own from; nil where it has shown no such thing.
    ///
    /// Carriers cut the ports into blocks of a power of two (RFC 7422 §2), so that it is the smallest one that holds what was seen.
    var portBlock: ClosedRange<UInt16>? {
        guard let ports, allocation == .random, ports.overlaps(PortOrder.usualPorts) else { return nil }
        let seen = ports.clamped(to: PortOrder.usualPorts)
        var width = Self.narrowestBlock
        while width <= PortOrder.widestBlock {
            let lowest = seen.lowerBound / UInt16(width) * UInt16(width)
            if Int(lowest) + width > Int(seen.upperBound) { return lowest...lowest + UInt16(width - 1) }
            width *= 2
        }
        return nil
    }

    /// Carriers give no customer fewer ports.
    private static let narrowestBlock = 64
}

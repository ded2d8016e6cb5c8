internal import Wire

/// How a NAT hands out external ports (RFC 4787 §4.2), seen from several sockets that were mapped one after the other.
struct PortPattern: Equatable, Sendable {
    struct Sample: Hashable, Sendable {
        var local: UInt16
        var mapped: UInt16
    }

    enum Allocation: Equatable, Sendable {
        /// The local port is kept.
        case preserving
        /// Each mapping gets the port of the one before it plus `step`.
        case sequential(step: Int)
        case random
    }

    /// Fewer samples show no pattern.
    static let minimumSamples = 4
    /// Other hosts take ports in between: larger steps than this are no sequence.
    private static let longestStep = 16

    let allocation: Allocation
    /// Whether even ports are mapped to even ones and odd to odd (RFC 4787 §4.2.2), though they are not kept.
    let keepsParity: Bool

    /// Nil with too few samples.
    init?(_ samples: [Sample]) {
        guard samples.count >= Self.minimumSamples else { return nil }
        keepsParity = samples.allSatisfy { $0.local % 2 == $0.mapped % 2 }
        if samples.allSatisfy({ $0.local == $0.mapped }) {
            allocation = .preserving
            return
        }
        let steps = zip(samples.dropFirst(), samples).map { Int($0.mapped) - Int($1.mapped) }
        let smallest = steps.min { abs($0) < abs($1) } ?? 0
        let isSequence = smallest != 0 && steps.allSatisfy { $0.signum() == smallest.signum() && abs($0) <= Self.longestStep }
        allocation = isSequence ? .sequential(step: smallest) : .random
    }
}

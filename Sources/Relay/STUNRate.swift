/// Replies larger than their requests that one source network gets per second and in a burst; a rate of 0 means without limit.
package struct STUNRate: Sendable, Equatable {
    package var perSecond: Int
    package var burst: Int

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// The share of one of several budgets that a network may use side by side, one reply at least.
    func divided(by count: Int) -> STUNRate {
        STUNRate(perSecond: perSecond == 0 ? 0 : max(1, perSecond / count), burst: max(1, burst / count))
    }

    /// A large company behind one address asks less often; a victim of 100 replies a second would not notice them.
    package static let standard = STUNRate(perSecond: 100, burst: 1000)
}

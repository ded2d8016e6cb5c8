/// How far an attempt to guess ports is, for people and programs.
package struct BirthdayOdds: Hashable, Sendable {
    /// Datagrams sent so far, and at most.
    package let sent: Int
    package let most: Int
    /// The probability that attempts like this one have found a path by now, from 0 to 1, as the arithmetic has it; nil where it has
    /// nothing to say: ports are predicted, or the peer guesses.
    package let odds: Double?

    package init(sent: Int, most: Int, odds: Double?) {
        self.sent = sent
        self.most = most
        self.odds = odds
    }

    /// `e^x` for `x ≤ 0`, by halving and squaring: there is no mathematics library here.
    static func exponential(_ x: Double) -> Double {
        let small = x / 1024
        var result = 1 + small + small * small / 2
        for _ in 0..<10 { result *= result }
        return result
    }
}

extension BirthdayOdds: CustomStringConvertible {
    package var description: String {
        let progress = "\(sent) of at most \(most) probes sent"
        guard let odds else { return progress }
        // Of a long search the second decimal is what moves.
        let hundredths = Int((odds * 10_000).rounded(.down))
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        return progress + ", which find a path in \(whole).\(rest / 10)\(rest % 10) % of all cases"
    }
}

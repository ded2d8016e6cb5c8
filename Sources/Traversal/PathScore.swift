internal import Wire

/// Compares two working paths by what was measured, with the preferences of the reference client.
///
/// Points are percent of latency saved against the slower path, plus bonuses: a LAN or loopback address, IPv6. So a private
/// address may be somewhat slower than a public one and still be taken, since its latency is the steadier one.
struct PathScore: Sendable {
    static let loopbackBonus = 50
    static let linkLocalBonus = 30
    static let privateBonus = 20
    static let ipv6Bonus = 10
    /// A lead of one point or less changes nothing.
    static let leastLead = 1

    let address: IPAddress
    let latency: Duration

    /// Whether `self` should be taken in place of `other`.
    func isBetter(than other: PathScore) -> Bool {
        var own = Self.bonus(of: address)
        var others = Self.bonus(of: other.address)
        let (mine, theirs) = (latency.nanoseconds, other.latency.nanoseconds)
        if mine > theirs, mine > 0 {
            others += 100 - Int(theirs * 100 / mine)
        } else if theirs > 0 {
            own += 100 - Int(mine * 100 / theirs)
        }
        if own <= Self.leastLead, others == 0 { return false }
        return own > others
    }

    private static func bonus(of address: IPAddress) -> Int {
        var points = address.isIPv4 ? 0 : ipv6Bonus
        if address.isLoopback {
            points += loopbackBonus
        } else if address.isLinkLocal {
            points += linkLocalBonus
        } else if address.isPrivate {
            points += privateBonus
        }
        return points
    }
}

internal import Wire

/// The search for ports where neither side's can be predicted: how fast it goes, and what its chances are.
///
/// Each packet makes a mapping of ours, at a port that nobody knows, aimed at one of the peer's ports. It finds a path when the peer
/// has a mapping at that very port, aimed at ours. Of `N` ports that we may get and `M` that the peer may get, two mappings match
/// with a probability of `1 / (N · M)`. With `a` mappings of each side alive, each packet meets `a` of the peer's, and each of the
/// peer's meets `a` of ours: `n` packets a side all miss with a probability of `e^(−2 · n · a / (N · M))`, for `n` much larger than `a`.
///
/// Were mappings alive for ever, it would be `e^(−n² / (N · M))`: 99.9 % with 170,000 packets a side. Gateways forget a mapping that
/// nobody answers after 30 s, so what counts is the rate. At 100 a second 3,000 are alive, and half an hour finds a path in 1 of 5
/// cases. Two carriers' blocks of 1,024 ports are found in a few minutes with 192 alive.
struct PortSearch: Sendable {
    /// Datagrams a second at most.
    static let fastestRate = 100.0
    /// Mappings alive at once without the user's leave: beside an attempt to guess, `BirthdayAllowance.entryLimit` holds.
    static let politeEntries = 192
    /// Mappings alive at once when the user has allowed it.
    static let exhaustiveEntries = 3000
    /// Datagrams of an exhaustive search: half an hour.
    static let exhaustivePackets = 170_000
    /// Datagrams of a search in blocks: 20 minutes.
    static let blockPackets = 8192
    /// Of a block that a carrier gave us, one in so many ports at most: others behind our NAT live from it, too.
    static let blockShare = 3
    /// Blocks wider than this are searched only with the user's leave.
    static let widestBlock = 1024
    /// Sockets that it sends from.
    static let socketCount = 64

    /// The ports of the peer.
    let ports: ClosedRange<UInt16>
    /// How many ports our own NAT takes from.
    private let ownCount: Int
    /// Mappings alive at once.
    private(set) var entryCount: Int
    /// The natural logarithm of the probability that nothing was found yet.
    private var logMiss = 0.0

    /// - Parameters:
    ///   - own: the ports that our NAT takes from.
    ///   - ports: those that the peer's does.
    init(from own: ClosedRange<UInt16>, to ports: ClosedRange<UInt16>, isExhaustive: Bool) {
        self.ports = ports
        ownCount = own.count
        entryCount = min(isExhaustive ? Self.exhaustiveEntries : Self.politeEntries, own.count / Self.blockShare)
    }

    /// Datagrams a second.
    var rate: Double { min(Self.fastestRate, Double(entryCount) / BirthdayAllowance.entryLifetime.inSeconds) }

    /// The probability that a path was found by now.
    var odds: Double { 1 - BirthdayOdds.exponential(logMiss) }

    /// The port that the next datagram goes to.
    ///
    /// - Parameter sent: datagrams before it.
    mutating func next(after sent: Int, using random: inout some RandomNumberGenerator) -> UInt16 {
        logMiss -= 2 * Double(min(sent, entryCount)) / (Double(ownCount) * Double(ports.count))
        return UInt16.random(in: ports, using: &random)
    }

    /// Our gateway dropped: goes on slowly. False if it has done so already.
    mutating func slowDown() -> Bool {
        guard entryCount > Self.politeEntries else { return false }
        entryCount = Self.politeEntries
        return true
    }
}

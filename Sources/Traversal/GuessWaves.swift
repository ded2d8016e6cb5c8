internal import Wire

/// The ports that a guesser writes to, in waves between which its gateway forgets the last one.
///
/// Each wave guesses so many ports and then the same ones again: a guess that came before the opener's socket had written was lost,
/// and a repeated one costs no entry in any table.
struct GuessWaves: Sendable {
    /// Ports of a wave, each an entry in our gateway's table.
    static let portsPerWave = 704
    /// Waves of an attempt.
    static let count = 2
    /// Between two waves: longer than the gateway remembers.
    static let pause: Duration = BirthdayAllowance.entryLifetime + .seconds(1)
    /// The datagrams of all waves.
    static let packetCount = count * 2 * portsPerWave

    private var order: PortOrder
    private var ports: [UInt16] = []
    private var repeated = 0
    private var wave = 0
    /// The probability that one new guess hits, as the arithmetic has it.
    let chance: Double

    init(_ order: PortOrder, chance: Double) {
        self.order = order
        self.chance = chance
        ports.reserveCapacity(Self.portsPerWave)
    }

    var isOver: Bool { wave == Self.count }

    /// Whether a wave has ended, and another one follows.
    var isBetweenWaves: Bool { wave > 0 && !isOver && ports.isEmpty }

    /// The next port, and whether it is guessed for the first time in its wave; nil when all were guessed.
    mutating func next(using random: inout some RandomNumberGenerator) -> (port: UInt16, isNew: Bool)? {
        if ports.count < Self.portsPerWave, let port = order.next(using: &random) {
            ports.append(port)
            return (port, true)
        }
        guard repeated < ports.count else {
            wave = Self.count
            return nil
        }
        let port = ports[repeated]
        repeated += 1
        if repeated == ports.count {
            ports.removeAll(keepingCapacity: true)
            repeated = 0
            wave += 1
        }
        return (port, false)
    }
}

internal import NIOCore
internal import Wire

/// What the node knows of its link to the relay.
struct RelayLink {
    /// The connection's handler, while there is a connection.
    private(set) var handler: NIOLoopBound<RelayHandler>?
    /// The connection, and this machine's address in it.
    private var channel: (any Channel)?
    private var localAddress: IPAddress?
    /// Since when packets can be sent; nil while they cannot.
    private(set) var readySince: Instant?
    var latency: Duration?
    var health: String?
    private(set) var disconnects = 0
    /// Why there is no link: the last attempt's failure.
    private(set) var problem: String?
    /// Whether a captive portal answers in the server's place.
    private(set) var isCaptive = false
    /// When the relay asked us to come back.
    var restartDelay: Duration?
    private var droppedBefore = 0

    var isReady: Bool { readySince != nil }
    var droppedPackets: Int { droppedBefore + (handler?.value.droppedPackets ?? 0) }
    var nextDeadline: Instant? { handler?.value.nextDeadline }

    mutating func opened(_ channel: any Channel, _ handler: NIOLoopBound<RelayHandler>) {
        self.channel = channel
        self.handler = handler
        localAddress = channel.localAddress.flatMap(Endpoint.init(socketAddress:))?.address
        restartDelay = nil
    }

    /// The machine has these addresses: a connection from another one is dead, however long TCP would try.
    func networkChanged(addresses: Set<IPAddress>, at now: Instant) {
        guard let localAddress, !addresses.contains(localAddress) else {
            handler?.value.probe(at: now)
            return
        }
        close()
    }

    /// Ends the connection, if there is one.
    func close() {
        channel?.close(promise: nil)
    }

    mutating func becameReady(at now: Instant) {
        readySince = now
        health = nil
        problem = nil
        isCaptive = false
    }

    /// An attempt failed. The word of a captive portal explains more than what it did to the connection.
    mutating func failed(_ reason: String) {
        if !isCaptive { problem = reason }
    }

    /// Somebody answers in the server's place, or not any more.
    mutating func found(_ verdict: PortalCheck.Verdict) {
        guard readySince == nil else { return }
        switch verdict {
        case .present(let sign): (problem, isCaptive) = ("captive portal: \(sign)", true)
        case .absent: isCaptive = false
        case .unknown: break
        }
    }

    /// Forgets the connection, and says how long it was of use.
    mutating func closed(at now: Instant) -> Duration {
        droppedBefore = droppedPackets
        handler = nil
        channel = nil
        latency = nil
        defer { readySince = nil }
        guard let readySince else { return .zero }
        disconnects += 1
        return now - readySince
    }

    func send(_ packet: [UInt8], to destination: NodeKey) {
        handler?.value.send(packet, to: destination)
    }
}

/// Waits between attempts: longer each time, and never the same for two clients, so that they do not come back together.
struct Backoff {
    private let first = Duration.milliseconds(250)
    private let longest = Duration.seconds(5)
    private var attempt = 0

    mutating func reset() {
        attempt = 0
    }

    /// The next wait: between half of it and all of it, drawn at random.
    mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let whole = min(longest, first * (1 << min(attempt, 10)))
        attempt += 1
        return whole * Double.random(in: 0.5...1, using: &random)
    }
}

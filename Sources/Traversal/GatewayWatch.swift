internal import Wire

/// Notices that our gateway has no room for new connections, while an attempt to guess ports fills its table.
///
/// A full table breaks nothing that is open: it drops the first packets of what is new, ours and everyone's. So a server is
/// asked over one fresh socket after the other. Answers that came before and stay away mean that the table is full. A network
/// whose server never answers tells nothing.
struct GatewayWatch: Sendable {
    /// Sockets that a guesser opens for it: one for each question of a wave.
    static let socketCount = 9
    /// Between two questions of a short attempt, and of a search, whose table fills more slowly and which comes back to each socket.
    static let interval: Duration = .milliseconds(300)
    static let searchInterval: Duration = .seconds(1)
    /// Questions in a row without an answer: no round trip takes as long as three of them, and few networks lose three in a row.
    static let tolerated = 3

    enum Verdict: Equatable {
        case nothing
        /// Ask a server over this socket.
        case ask(SocketID)
        case full
    }

    private let sockets: [SocketID]
    private let interval: Duration
    private var next = 0
    private var unanswered = 0
    private var hasHeard = false
    private var entries = -1
    private var due: Instant

    init(over sockets: [SocketID], every interval: Duration, at now: Instant) {
        self.sockets = sockets
        self.interval = interval
        due = now
    }

    /// To be called whenever the attempt has sent something.
    ///
    /// - Parameter entries: how many the attempt has made so far. While there are no more of them, and no answer is missing, nothing is asked.
    mutating func step(entries: Int, at now: Instant) -> Verdict {
        guard !sockets.isEmpty, due <= now, entries > self.entries || (hasHeard && unanswered > 0) else { return .nothing }
        due = now + interval
        self.entries = entries
        if hasHeard, unanswered >= Self.tolerated { return .full }
        defer { next = (next + 1) % sockets.count }
        unanswered += 1
        return .ask(sockets[next])
    }

    mutating func answered(over socket: SocketID) {
        guard sockets.contains(socket) else { return }
        (unanswered, hasHeard) = (0, true)
    }

    /// Begins again, after a time in which the table has emptied.
    mutating func restart() {
        (unanswered, hasHeard) = (0, false)
    }
}

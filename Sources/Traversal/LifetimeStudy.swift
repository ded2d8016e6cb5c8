internal import STUN
internal import Wire

/// Measures in the background how long the NAT keeps a mapping that nothing refreshes (RFC 5780 §4.6).
///
/// ```
///  second ──► server                          opens the mapping; the answer names its port m
///             … silence of the length tested …
///  main   ──► server  RESPONSE-PORT m         the server answers to m: it arrives at second if the mapping lives
/// ```
/// The first silence is none, which tells whether the test works here at all. Then silences grow until one is too long; one
/// more between the last two narrows it down. The sockets of traffic are not disturbed, and no mapping in use is tested.
struct LifetimeStudy: Sendable {
    /// The silences tried. No keepalive is rarer than 25 s, so that beyond two minutes nothing is gained.
    static let silences: [Duration] = [.zero, .seconds(15), .seconds(35), .seconds(65), .seconds(125)]
    /// Tried when not even the first real silence is survived.
    static let shortest: Duration = .seconds(7)
    /// A response arrives this soon or not at all.
    static let patience: Duration = .seconds(1)
    /// Requests before an answer counts as missing.
    static let attempts = 3

    private enum Step: Sendable {
        case start(at: Instant)
        case opening(TransactionID, attempts: Int, due: Instant)
        case silent(mapped: Endpoint, until: Instant)
        case asking(TransactionID, mapped: Endpoint, attempts: Int, due: Instant)
        case over
    }

    private let server: Endpoint
    private let main: SocketID
    private let second: SocketID
    private var step: Step
    private var silence = silences[0]
    /// The longest silence survived, and the shortest that was not.
    private var alive: Duration?
    private var dead: Duration?
    private var hasNarrowed = false

    /// Begins at `start`; the server must be one with another address, as only those know RESPONSE-PORT.
    init(server: Endpoint, main: SocketID, second: SocketID, startingAt start: Instant) {
        self.server = server
        self.main = main
        self.second = second
        step = .start(at: start)
    }

    var nextDeadline: Instant? {
        switch step {
        case .start(let due), .opening(_, _, let due), .silent(_, let due), .asking(_, _, _, let due): due
        case .over: nil
        }
    }

    /// The lifetime found, a lower bound, once the study is over. Nil when it could not be measured.
    var lifetime: Duration? {
        guard let alive, alive > .zero else { return nil }
        return alive
    }

    var isOver: Bool {
        switch step {
        case .over: true
        case .start, .opening, .silent, .asking: false
        }
    }

    /// Takes a STUN message; answers false when it is none of the study's.
    mutating func receive(_ bytes: RawSpan, from source: Endpoint, over socket: SocketID, at now: Instant) -> Bool {
        // What does not parse is no answer of ours.
        guard source == server, let response = try? BindingResponse(parsing: bytes) else { return false }
        switch step {
        case .opening(let transaction, _, _) where transaction == response.transactionID && socket == second:
            guard case .mapped(let mapped) = response.result else {
                step = .over
                return true
            }
            step = .silent(mapped: mapped, until: now + silence)
            return true
        case .asking(let transaction, _, _, _) where transaction == response.transactionID:
            // Refused, or answered to the port of the request: the server does not know RESPONSE-PORT.
            if socket == second { survived(at: now) } else { step = .over }
            return true
        case .start, .opening, .silent, .asking, .over: return false
        }
    }

    mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [LocalAgent.Effect]
    ) {
        guard let due = nextDeadline, due <= now else { return }
        switch step {
        case .over: return
        case .start: open(TransactionID(using: &random), attempts: 0, at: now, effects: &effects)
        case .opening(let transaction, let attempts, _):
            if attempts < Self.attempts {
                open(transaction, attempts: attempts, at: now, effects: &effects)
            } else {
                step = .over
            }
        case .silent(let mapped, _):
            ask(TransactionID(using: &random), mapped: mapped, attempts: 0, at: now, effects: &effects)
        case .asking(let transaction, let mapped, let attempts, _):
            if attempts < Self.attempts {
                ask(transaction, mapped: mapped, attempts: attempts, at: now, effects: &effects)
            } else {
                died(at: now)
            }
        }
    }

    // MARK: Steps

    private mutating func open(
        _ transaction: TransactionID, attempts: Int, at now: Instant, effects: inout [LocalAgent.Effect]
    ) {
        effects.append(.sendSTUN(BindingRequest(transactionID: transaction).encoded(), to: server, over: second))
        step = .opening(transaction, attempts: attempts + 1, due: now + Self.patience)
    }

    private mutating func ask(
        _ transaction: TransactionID, mapped: Endpoint, attempts: Int, at now: Instant,
        effects: inout [LocalAgent.Effect]
    ) {
        let request = Message(
            .bindingRequest, transactionID: transaction, attributes: [.responsePort(mapped.port)], isFingerprinted: true)
        effects.append(.sendSTUN(request.encoded(), to: server, over: main))
        step = .asking(transaction, mapped: mapped, attempts: attempts + 1, due: now + Self.patience)
    }

    private mutating func survived(at now: Instant) {
        alive = silence
        if let dead {
            next(between: silence, and: dead, at: now)
        } else if let longer = Self.silences.first(where: { $0 > silence }) {
            begin(longer, at: now)
        } else {
            step = .over
        }
    }

    private mutating func died(at now: Instant) {
        guard let alive else {
            // Not even without silence: the test does not work here.
            step = .over
            return
        }
        dead = silence
        if alive == .zero, !hasNarrowed {
            hasNarrowed = true
            begin(Self.shortest, at: now)
        } else {
            next(between: alive, and: silence, at: now)
        }
    }

    private mutating func next(between alive: Duration, and dead: Duration, at now: Instant) {
        guard !hasNarrowed else {
            step = .over
            return
        }
        hasNarrowed = true
        begin((alive + dead) / 2, at: now)
    }

    private mutating func begin(_ silence: Duration, at now: Instant) {
        self.silence = silence
        step = .start(at: now)
    }
}

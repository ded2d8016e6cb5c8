package import CryptoBox
package import Wire

/// The end-to-end encrypted channel between two nodes, over whatever path carries its packets.
///
/// Datagrams in, datagrams out: they may get lost, overtake each other or arrive twice, and a payload is delivered at most
/// once. What `WireGuard` does (whitepaper §5, §6), with Noise IK and the nodes' own keys:
/// - the first `send` starts a handshake of one round trip; payloads wait for it in a bounded queue;
/// - keys are renewed every two minutes, under traffic and without loss, and end after three;
/// - who hears nothing back starts over; who has nothing to say sends an empty packet in time;
/// - if both start at the same moment, the lower node key's handshake goes ahead;
/// - an initiation is answered only after it has opened, only if it is newer than those before, and at most once.
///
/// A stranger's packet costs no state. It is not copyable, so that no counter is ever used twice.
package struct Session: ~Copyable, Sendable {
    package typealias Effect = SessionEffect

    /// Binds handshakes to this protocol: no message of another use of the same keys opens here.
    package static let prologue = Array("causeway session 1".utf8)

    /// The other side.
    package let peer: NodeKey

    let local: NodePrivateKey
    let limits: SessionLimits
    /// What the clock of `Instant` said at its zero, in nanoseconds of an epoch that survives a restart.
    let epoch: UInt64
    var keys: KeyRing
    /// This side's own handshake.
    var attempt: HandshakeAttempt?
    var queue: SessionQueue
    /// The timestamp of this side's latest initiation.
    var lastTimestamp: UInt64 = 0
    /// The timestamp of the peer's latest initiation; older ones are replays.
    var peerTimestamp: UInt64 = 0
    var openedInitiations: TokenBucket
    var answeredInitiations: TokenBucket
    /// When to send an empty packet, since something has come and nothing has gone.
    private var keepaliveAt: Instant?
    /// When the peer should have answered what was sent.
    private var answerDueAt: Instant?
    /// When the responder stops to wait for a confirmation, if something waits to be sent.
    var confirmationDueAt: Instant?
    private var recoveryAllowedAt: Instant

    /// A session without keys; it costs nothing until the first `send` or the peer's initiation.
    ///
    /// `epoch` is the wall clock's time at `Instant.zero`, in nanoseconds since 1970: initiations carry it plus the instant,
    /// and the peer takes only newer ones. A clock that was set back by a restart is overcome by the peer's own handshake.
    package init(
        local: NodePrivateKey, peer: NodeKey, epoch: UInt64, limits: SessionLimits = .standard, at now: Instant
    ) {
        self.local = local
        self.peer = peer
        self.epoch = epoch
        self.limits = limits
        keys = KeyRing(lifetime: limits.keyLifetime)
        queue = SessionQueue(packetLimit: limits.queuedPackets, byteLimit: limits.queuedBytes)
        openedInitiations = TokenBucket(
            rate: limits.openedInitiations.rate, burst: limits.openedInitiations.burst, at: now)
        answeredInitiations = TokenBucket(
            rate: limits.answeredInitiations.rate, burst: limits.answeredInitiations.burst, at: now)
        recoveryAllowedAt = now
    }

    /// Whether a payload could go out at once.
    package func isEstablished(at now: Instant) -> Bool { keys.canSend(at: now) }

    /// Whether a handshake of this side is under way.
    package var isHandshaking: Bool { attempt != nil }

    /// Payloads that wait for a handshake.
    package var queuedCount: Int { queue.count }

    /// Whether a packet with this receiver index is for this session, for packets from an address that nobody knows.
    package func isAddressed(by index: UInt32) -> Bool {
        keys.contains(index) || attempt?.localIndex == index
    }

    /// Sends a payload to the peer, at once or after the handshake that it starts. An empty one is not delivered there.
    package mutating func send(
        _ payload: RawSpan, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard payload.byteCount <= Packet.maximumPayload else {
            effects.append(.dropped(.tooLong))
            return
        }
        if keys.canSend(at: now) {
            transmit(payload, at: now, effects: &effects)
            renewKeysIfDue(sending: true, at: now, using: &random, effects: &effects)
            return
        }
        for _ in 0..<queue.append(payload.copy()) {
            effects.append(.dropped(.queueFull))
        }
        guard attempt == nil else { return }
        if let answeredAt = keys.next?.createdAt, now < answeredAt + limits.confirmationWithin {
            confirmationDueAt = answeredAt + limits.confirmationWithin
        } else {
            startHandshake(at: now, using: &random, effects: &effects)
        }
    }

    /// Starts a handshake if there are no keys and none is under way, to have keys ready before there is a payload.
    package mutating func prepare(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard !keys.canSend(at: now), attempt == nil else { return }
        startHandshake(at: now, using: &random, effects: &effects)
    }

    /// Takes a packet that came from the peer, or claims to.
    package mutating func receive(
        _ bytes: RawSpan, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        switch Packet(parsing: bytes) {
        case nil:
            effects.append(.dropped(.malformed))
        case .initiation:
            receiveInitiation(bytes, at: now, using: &random, effects: &effects)
        case .response(let receiver):
            receiveResponse(bytes, receiver: receiver, at: now, effects: &effects)
        case .transport(let receiver, let counter):
            receiveTransport(bytes, receiver, counter, at: now, using: &random, effects: &effects)
        }
    }

    /// When to call `deadlineReached`.
    package var nextDeadline: Instant? {
        earliest(
            earliest(attempt?.retryAt, confirmationDueAt),
            earliest(keys.nextExpiry, earliest(keepaliveAt, answerDueAt)))
    }

    package mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        keys.expire(at: now)
        if let due = keepaliveAt, now >= due {
            keepaliveAt = nil
            if keys.canSend(at: now) { transmit([UInt8]().bytes, at: now, effects: &effects) }
        }
        if let due = attempt?.retryAt, now >= due {
            retryHandshake(at: now, using: &random, effects: &effects)
        }
        if let due = answerDueAt, now >= due {
            answerDueAt = nil
            if attempt == nil { startHandshake(at: now, using: &random, effects: &effects) }
        }
        if let due = confirmationDueAt, now >= due {
            confirmationDueAt = nil
            if attempt == nil, !queue.isEmpty, !keys.canSend(at: now) {
                startHandshake(at: now, using: &random, effects: &effects)
            }
        }
    }

    /// Keys have come into use: what waited goes out, or an empty packet that tells the responder so.
    mutating func keysChanged(isInitiator: Bool, at now: Instant, effects: inout [Effect]) {
        attempt = nil
        confirmationDueAt = nil
        answerDueAt = nil
        effects.append(.established(isInitiator: isInitiator))
        let payloads = queue.takeAll()
        for payload in payloads {
            transmit(payload.bytes, at: now, effects: &effects)
        }
        if payloads.isEmpty, isInitiator { transmit([UInt8]().bytes, at: now, effects: &effects) }
    }

    private mutating func transmit(_ payload: RawSpan, at now: Instant, effects: inout [Effect]) {
        guard let packet = keys.seal(payload) else { return }
        effects.append(.transmit(packet))
        keepaliveAt = nil
        if payload.byteCount > 0, answerDueAt == nil { answerDueAt = now + limits.answerWithin }
    }

    private mutating func receiveTransport(
        _ bytes: RawSpan, _ receiver: UInt32, _ counter: UInt64, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        switch keys.open(bytes, receiver: receiver, counter: counter, at: now) {
        case .refused(let reason):
            effects.append(.dropped(reason))
            if reason == .unknownIndex { recover(at: now, using: &random, effects: &effects) }
        case .payload(let payload, let confirms):
            answerDueAt = nil
            if confirms { keysChanged(isInitiator: false, at: now, effects: &effects) }
            if !payload.isEmpty {
                if keepaliveAt == nil { keepaliveAt = now + limits.keepaliveAfter }
                effects.append(.deliver(payload))
            }
            renewKeysIfDue(sending: false, at: now, using: &random, effects: &effects)
        }
    }

    /// A peer that uses keys which this side has lost (it restarted, say) is offered fresh ones, now and then.
    private mutating func recover(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard keys.isEmpty, attempt == nil, now >= recoveryAllowedAt else { return }
        recoveryAllowedAt = now + limits.recoveryInterval
        startHandshake(at: now, using: &random, effects: &effects)
    }

    private mutating func renewKeysIfDue(
        sending: Bool, at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [Effect]
    ) {
        guard attempt == nil, let createdAt = keys.current?.createdAt, let sentCount = keys.current?.sentCount,
            let isInitiator = keys.current?.isInitiator
        else { return }
        let age = now - createdAt
        let isOld = isInitiator && age >= (sending ? limits.rekeyAfter : limits.rekeyWhenReceivingAfter)
        guard isOld || sentCount >= limits.rekeyAfterPackets else { return }
        startHandshake(at: now, using: &random, effects: &effects)
    }
}

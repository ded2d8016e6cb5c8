internal import Wire

/// The up to three sets of keys of a session, so that no packet is lost while they are renewed.
///
/// ```
/// initiator  has the response      current → previous, the fresh keys → current
/// responder  has sent the response fresh keys → next; it keeps sending under current
/// responder  opens a packet under next   current → previous, next → current: only then does it know that the
///                                        initiator has them
/// ```
/// Packets are opened under all three.
struct KeyRing: Sendable {
    enum Opening {
        /// A payload; `confirms` says that it was the first under the next keys, which are current from here on.
        case payload([UInt8], confirms: Bool)
        case refused(DropReason)
    }

    private(set) var previous: Transport?
    private(set) var current: Transport?
    private(set) var next: Transport?

    let lifetime: Duration

    init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    var isEmpty: Bool { previous == nil && current == nil && next == nil }

    /// Whether there are keys to send under.
    func canSend(at now: Instant) -> Bool {
        guard let createdAt = current?.createdAt else { return false }
        return now < createdAt + lifetime
    }

    /// Whether packets with this index are for keys of this ring.
    func contains(_ index: UInt32) -> Bool {
        current?.localIndex == index || next?.localIndex == index || previous?.localIndex == index
    }

    mutating func seal(_ payload: RawSpan) -> [UInt8]? {
        current?.seal(payload)
    }

    /// Keys from a handshake that this side began: the other side has them already.
    mutating func installAsInitiator(_ transport: Transport) {
        // Unconfirmed keys of an earlier handshake may be in use on the other side; they are newer than the current ones.
        previous = next ?? current
        next = nil
        current = transport
    }

    /// Keys from a handshake that the other side began: whether it has them is not known yet.
    mutating func installAsResponder(_ transport: Transport) {
        next = transport
    }

    mutating func open(_ packet: RawSpan, receiver: UInt32, counter: UInt64, at now: Instant) -> Opening {
        do throws(Transport.OpenError) {
            if current?.localIndex == receiver {
                guard isAlive(current?.createdAt, at: now) else { return .refused(.expired) }
                if let payload = try current?.open(packet, counter: counter) { return .payload(payload, confirms: false) }
            }
            if next?.localIndex == receiver {
                guard isAlive(next?.createdAt, at: now) else { return .refused(.expired) }
                if let payload = try next?.open(packet, counter: counter) {
                    previous = current
                    current = next
                    next = nil
                    return .payload(payload, confirms: true)
                }
            }
            if previous?.localIndex == receiver {
                guard isAlive(previous?.createdAt, at: now) else { return .refused(.expired) }
                if let payload = try previous?.open(packet, counter: counter) { return .payload(payload, confirms: false) }
            }
            return .refused(.unknownIndex)
        } catch .replayed {
            return .refused(.replayed)
        } catch {
            return .refused(.forged)
        }
    }

    /// Forgets keys that have reached their lifetime: what they protected stays secret from then on.
    mutating func expire(at now: Instant) {
        if !isAlive(previous?.createdAt, at: now) { previous = nil }
        if !isAlive(current?.createdAt, at: now) { current = nil }
        if !isAlive(next?.createdAt, at: now) { next = nil }
    }

    /// When the first of the keys reach their lifetime.
    var nextExpiry: Instant? {
        let created = earliest(previous?.createdAt, earliest(current?.createdAt, next?.createdAt))
        return created.map { $0 + lifetime }
    }

    private func isAlive(_ createdAt: Instant?, at now: Instant) -> Bool {
        guard let createdAt else { return false }
        return now < createdAt + lifetime
    }
}

/// The earlier of two instants, either of which may be missing.
func earliest(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}

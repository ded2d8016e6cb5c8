internal import CryptoBox
package import Wire

/// The keys of one finished handshake, with their counters.
///
/// A counter stands in each packet, so that packets may get lost and overtake each other. Of one value no copy may be used
/// to send: the same counter twice breaks the cipher. `Session`, which holds it, cannot be copied.
package struct Transport: Sendable {
    package enum OpenError: Error, Equatable {
        /// Seen before, or too far behind to tell.
        case replayed
        /// It does not open.
        case forged
    }

    /// By this index this side is addressed.
    package let localIndex: UInt32
    /// By this index the other side is addressed.
    package let remoteIndex: UInt32
    /// Whether this side began the handshake: then it is the one to renew it.
    package let isInitiator: Bool
    package let createdAt: Instant
    /// How many packets were sealed.
    package private(set) var sentCount: UInt64 = 0

    private let sendKey: [UInt8]
    private let receiveKey: [UInt8]
    private var window = ReplayWindow()

    package init(
        _ result: HandshakeResult, localIndex: UInt32, remoteIndex: UInt32, isInitiator: Bool, at now: Instant
    ) {
        sendKey = result.sendKey
        receiveKey = result.receiveKey
        self.localIndex = localIndex
        self.remoteIndex = remoteIndex
        self.isInitiator = isInitiator
        createdAt = now
    }

    /// Makes a packet of a payload, which may be empty.
    package mutating func seal(_ payload: RawSpan) -> [UInt8] {
        precondition(sentCount < .max, "the session renews its keys long before")
        var writer = ByteWriter(reservingCapacity: payload.byteCount + Packet.overhead)
        Packet.transport(receiver: remoteIndex, counter: sentCount).write(to: &writer)
        var packet = writer.take()
        AEAD.seal(payload, appendingTo: &packet, key: sendKey, counter: sentCount)
        sentCount += 1
        return packet
    }

    /// Opens a whole transport packet whose header said `counter`.
    package mutating func open(_ packet: RawSpan, counter: UInt64) throws(OpenError) -> [UInt8] {
        guard window.accepts(counter) else { throw .replayed }
        guard
            let payload = AEAD.open(
                packet, at: Packet.transportHeaderByteCount, key: receiveKey, nonce: AEAD.nonce(counter))
        else { throw .forged }
        window.insert(counter)
        return payload
    }
}

internal import CryptoBox
internal import DERP
internal import TLS
internal import Wire

/// One connection of a load generator to a relay, from the TCP handshake to its end. It lives on its loop's thread.
final class Link {
    enum Phase {
        case connecting
        case securing
        /// The upgrade was asked for; what the reply's head has brought so far.
        case upgrading(head: [UInt8])
        case loggingIn
        /// The floor was told the link's number.
        case awaitingGreeting
        case ready
        case closed(String)
    }

    /// The link's place in its loop.
    let index: Int
    let key: NodePrivateKey
    let startedAt: Instant
    var descriptor: Int32
    var session: TLSSession?
    var phase = Phase.connecting
    var machine: ClientConnection?
    /// The beginning of a frame whose rest has not arrived.
    var tail: [UInt8] = []
    /// Bytes that the socket did not take yet.
    var pending = PendingBytes()
    var isResumed = false
    /// Whether the link waits to be read.
    var isReading = false
    /// A link that stopped reading stands for a receiver that hangs.
    var isStalled = false

    init(index: Int, key: NodePrivateKey, descriptor: Int32, at now: Instant) {
        self.index = index
        self.key = key
        self.descriptor = descriptor
        startedAt = now
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }
}

internal import Synchronization
package import TLS
package import Wire

/// A connection on its way from the HTTP front to a shard: everything that is known about it after the upgrade.
///
/// Whoever drops it closes the connection.
package final class Adoption: Sendable {
    /// What encrypts the connection.
    package enum Transport: Sendable {
        case tls(TLSSession)
        case plain
    }

    /// What the DERP stream is wrapped in.
    package enum Framing: Sendable {
        /// Nothing: the frames follow each other on the connection.
        case stream
        /// Binary WebSocket messages (RFC 6455) whose borders mean nothing.
        case webSocket
    }

    /// The descriptor's number, -1 once a shard has taken it.
    private let descriptor: Atomic<Int32>
    package let transport: Transport
    package let framing: Framing
    /// Plaintext that was read behind the request head.
    package let unread: [UInt8]
    /// What to send in front of the first frame: the 101 head, or nothing under fast start.
    package let reply: [UInt8]
    /// The client's address and port.
    package let source: Endpoint
    /// Whether the client said that another relay of its region would suit it better (header `Ideal-Node`); statistics only.
    package let isNotIdeal: Bool
    /// The place that the connection takes among those that have not logged in; nil when they are not counted.
    let loginPlace: LoginPlace?

    /// The descriptor must be non-blocking, and unknown to every other epoll set.
    package init(
        descriptor: consuming OwnedDescriptor, transport: Transport, framing: Framing, unread: [UInt8], reply: [UInt8],
        source: Endpoint, isNotIdeal: Bool = false, loginPlace: LoginPlace? = nil
    ) {
        self.descriptor = Atomic(descriptor.release())
        self.transport = transport
        self.framing = framing
        self.unread = unread
        self.reply = reply
        self.source = source
        self.isNotIdeal = isNotIdeal
        self.loginPlace = loginPlace
    }

    deinit {
        _ = takeDescriptor()
    }

    /// Gives the descriptor to the caller, the first one who asks.
    func takeDescriptor() -> OwnedDescriptor? {
        let number = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        return number < 0 ? nil : OwnedDescriptor(taking: number)
    }
}

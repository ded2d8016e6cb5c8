internal import CLinux
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Traversal
internal import Wire

/// A UDP socket that direct traffic, probes and STUN share.
///
/// It belongs to one event loop. It reads when the poller says so, takes ICMP errors from the kernel's queue, and sends by a
/// system call of its own: so every error is known at once and belongs to its datagram, and none ever closes the socket.
final class DirectSocket {
    /// What has come in.
    enum Input: Sendable {
        case datagram(ByteBuffer, DirectPath)
        /// An ICMP error about a datagram that was sent on this path.
        case failed(DirectPath, SendError)
    }

    /// Datagrams read before others on the event loop get their turn, and errors.
    private static let readsPerTurn = 32

    /// Which socket it is, and its bound port.
    let local: LocalSocket
    private var descriptor: Int32
    private let token: DescriptorPoller.Token
    private let buffer: ReceiveBuffer

    /// Binds a socket.
    ///
    /// - Parameters:
    ///   - address: the local address; nil for all.
    ///   - port: 0 for a free one.
    ///   - isShared: whether other sockets may be bound to the same port.
    ///   - buffer: the room for datagrams, which all sockets of one owner may share.
    ///   - ready: called on the event loop when `read` has something to do.
    init(
        _ id: SocketID, _ wanted: WantedSocket, at address: IPAddress? = nil, port: UInt16 = 0, isShared: Bool = false,
        buffer: ReceiveBuffer = ReceiveBuffer(), on eventLoop: any EventLoop,
        ready: @escaping @Sendable (_ hasErrors: Bool) -> Void
    ) throws(IOError) {
        let (high, low) = address?.ipv6 ?? (0, UInt64(address?.ipv4 ?? 0))
        let descriptor = causeway_open_datagram_socket(
            wanted.family == .ipv4, high, low, port, wanted.interfaceIndex ?? 0, isShared)
        guard descriptor >= 0 else { throw IOError(errnoCode: -descriptor, reason: "UDP socket") }
        do {
            token = try DescriptorPoller.shared.watch(descriptor, on: eventLoop, ready: ready)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.buffer = buffer
        local = LocalSocket(
            id: id, family: wanted.family, port: causeway_bound_port(descriptor), interfaceIndex: wanted.interfaceIndex,
            isForTests: wanted.isForTests)
    }

    deinit {
        close()
    }

    /// Takes what has come, a fair share at most.
    func read(hasErrors: Bool, take: (Input) -> Void) {
        if hasErrors { readErrors(take) }
        var source = causeway_datagram_address()
        for _ in 0..<Self.readsPerTurn {
            guard descriptor >= 0 else { return }
            let count = Int(causeway_receive_datagram(descriptor, &buffer.bytes, buffer.bytes.count, &source))
            if count >= 0 {
                let datagram = ByteBuffer(bytes: buffer.bytes[..<count])
                take(.datagram(datagram, DirectPath(socket: local.id, endpoint: Endpoint(source))))
            } else if -count == Int(EAGAIN) {
                break
            }
            // Any other number is that of an ICMP error, which the queue of errors tells more about.
        }
        guard descriptor >= 0 else { return }
        DescriptorPoller.shared.again(token)
    }

    private func readErrors(_ take: (Input) -> Void) {
        var destination = causeway_datagram_address()
        for _ in 0..<Self.readsPerTurn {
            guard descriptor >= 0 else { return }
            let number = causeway_receive_error(descriptor, &destination)
            if number == 0 { return }
            if number < 0 { continue }
            // Whoever is on the way can send one, or forge it, and firewalls refuse early probes in many ways: it is a reason to
            // ask the path itself, no proof that it is gone.
            let error = number == EMSGSIZE ? SendError.tooBig : .refused
            take(.failed(DirectPath(socket: local.id, endpoint: Endpoint(destination)), error))
        }
    }

    /// Sends one datagram at once, with its own TTL if one is given.
    func send(_ bytes: [UInt8], to endpoint: Endpoint, timeToLive: UInt8? = nil) throws(SendError) {
        guard descriptor >= 0 else { throw .socketClosed }
        let (high, low) = endpoint.address.ipv6 ?? (0, UInt64(endpoint.address.ipv4 ?? 0))
        let result = causeway_send_datagram(
            descriptor, endpoint.address.isIPv4, high, low, endpoint.port, bytes, bytes.count, Int32(timeToLive ?? 0))
        switch result {
        // A full socket drops the datagram, as the network would.
        case 0, EAGAIN, ENOBUFS, EINTR: return
        case ECONNREFUSED: throw .refused
        case EPERM, EACCES: throw .forbidden
        case EMSGSIZE: throw .tooBig
        case EBADF: throw .socketClosed
        default: throw .unreachable
        }
    }

    /// Lets the port go.
    func close() {
        guard descriptor >= 0 else { return }
        DescriptorPoller.shared.remove(token)
        Glibc.close(descriptor)
        descriptor = -1
    }
}

/// Room for the longest datagram.
final class ReceiveBuffer {
    /// Nothing on UDP is longer.
    fileprivate var bytes = [UInt8](repeating: 0, count: 64 << 10)
}

extension Endpoint {
    /// The endpoint of a datagram, an IPv4-mapped one as IPv4.
    fileprivate init(_ address: causeway_datagram_address) {
        let ip =
            address.is_ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low)) : IPAddress(high: address.high, low: address.low)
        self.init(ip.canonical, address.port)
    }
}

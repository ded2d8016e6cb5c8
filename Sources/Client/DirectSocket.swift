internal import CLinux
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Traversal
internal import Wire

/// A UDP socket that direct traffic, probes and STUN share.
///
/// It reads through the event loop and sends by a system call of its own: so an error is known at once and belongs to its
/// datagram, and no error (an unreachable network, a local firewall) ever closes the socket.
struct DirectSocket: Sendable {
    /// The largest datagram: nothing on UDP is longer.
    private static let maximumByteCount = 64 << 10
    /// Datagrams read before others on the event loop get their turn.
    private static let readsPerTurn: UInt = 16

    /// SO_BINDTOIFINDEX of `asm-generic/socket.h`: a socket of one interface, which needs no privilege.
    private static let bindToInterface = NIOBSDSocket.Option(rawValue: 62)

    /// Which socket it is, and its bound port.
    let local: LocalSocket
    private let channel: any Channel
    private let descriptor: Int32

    /// Binds a socket to a free port; `receive` gets every datagram on the event loop.
    static func bind(
        _ id: SocketID, _ wanted: WantedSocket, on eventLoop: any EventLoop,
        receive: @escaping @Sendable (ByteBuffer, DirectPath) -> Void
    ) async throws -> DirectSocket {
        var bootstrap = DatagramBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: maximumByteCount))
            .channelOption(.maxMessagesPerRead, value: readsPerTurn)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramReader(socket: id, receive: receive))
                }
            }
        if let index = wanted.interfaceIndex {
            bootstrap = bootstrap.channelOption(.socketOption(bindToInterface), value: Int(index))
        }
        if wanted.family == .ipv6 {
            bootstrap = bootstrap.channelOption(ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
        }
        let channel = try await bootstrap.bind(host: wanted.family == .ipv4 ? "0.0.0.0" : "::", port: 0).get()
        let descriptor = try await eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        }.get()
        guard let descriptor else { throw NodeFailure(.failed, "the UDP socket has no descriptor: report this as a mistake") }
        let local = LocalSocket(
            id: id, family: wanted.family, port: UInt16(clamping: channel.localAddress?.port ?? 0),
            interfaceIndex: wanted.interfaceIndex, isForTests: wanted.isForTests)
        return DirectSocket(local: local, channel: channel, descriptor: descriptor)
    }

    /// Sends one datagram at once, with its own TTL if one is given. On the event loop only.
    func send(_ bytes: [UInt8], to endpoint: Endpoint, timeToLive: UInt8? = nil) throws(SendError) {
        guard channel.isActive else { throw .socketClosed }
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

    func close() async {
        // A socket that is closed already is what was wanted.
        try? await channel.close()
    }
}

/// Hands datagrams over with their way here.
private final class DatagramReader: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let socket: SocketID
    private let receive: @Sendable (ByteBuffer, DirectPath) -> Void
    private var cache = EndpointCache()

    init(socket: SocketID, receive: @escaping @Sendable (ByteBuffer, DirectPath) -> Void) {
        self.socket = socket
        self.receive = receive
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = cache.endpoint(of: envelope.remoteAddress) else { return }
        receive(envelope.data, DirectPath(socket: socket, endpoint: source))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error of one datagram says nothing about the next; a dead socket closes by itself.
    }
}

internal import Coordination
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Wire

// Datagrams of applications, carried to services that peers' owners allowed.
extension LocalNode {
    /// The largest datagram that an application may send.
    private static let maximumDatagramByteCount = 64 << 10

    /// Accepts datagrams at a local address and carries them to a port of a peer, and answers back, until cancelled.
    ///
    /// `report` gets the address once it accepts.
    public func forward(_ request: ForwardRequest, report: @Sendable (String) async throws -> Void) async throws {
        let peer = try find(request.peer).peer.nodeKey
        guard let listen = Endpoint(request.listen) else {
            throw NodeFailure(
                .invalidArgument, "\(request.listen) is no address to listen on: write ADDRESS:PORT, such as 127.0.0.1:5000")
        }
        let channel: any Channel
        do {
            channel = try await DatagramBootstrap(group: eventLoop)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.maximumDatagramByteCount))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ForwardReader { data, source in
                                self.assumeIsolated { $0.forward(data, from: source, in: channel, to: peer, port: request.port) }
                            })
                    }
                }
                .bind(to: listen.socketAddress()).get()
        } catch {
            throw NodeFailure(.failed, "cannot listen on \(listen): is the port taken? Port 0 picks a free one")
        }
        defer { forwards.removeAll(of: channel) }
        let bound = channel.localAddress.flatMap(Endpoint.init(socketAddress:)) ?? listen
        try await withTaskCancellationHandler {
            try await report(bound.description)
            try await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        if let failure = forwards.removeAll(of: channel) { throw failure }
    }

    private func forward(_ data: ByteBuffer, from source: SocketAddress, in channel: any Channel, to peer: NodeKey, port: UInt16)
    {
        guard let session = peers[peer] else { return }
        let now = Instant.now
        let flow = forwards.flow(from: source, in: channel, to: peer, at: now)
        act(on: session) { $0.send(.datagram(flow: flow, port: port, payload: Array(buffer: data)), at: now, outputs: &$1) }
        armTimer(for: now + ForwardTable.flowLifetime)
    }

    /// Delivers a peer's datagram to a service of this side, if its owner allowed that.
    func deliver(
        _ payload: [UInt8], to port: UInt16, on flow: UInt32, from session: PeerSession, _ outputs: inout [PeerSession.Output]
    ) {
        let now = Instant.now
        let key = ServiceTable.FlowKey(peer: session.peer.nodeKey, flow: flow, port: port)
        switch services.deliver(payload, on: key, at: now) {
        case .delivered:
            break
        case .refused:
            session.send(.refused(flow: flow, port: port), at: now, outputs: &outputs)
        case .open(let target):
            open(target, for: key)
        }
    }

    private func open(_ target: Endpoint, for key: ServiceTable.FlowKey) {
        // An allowed target is an address and a port: it always makes a socket address.
        guard let address = try? target.socketAddress() else { return }
        DatagramBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.maximumDatagramByteCount))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ForwardReader { data, _ in
                            self.assumeIsolated { $0.serviceAnswered(data, key) }
                        })
                }
            }
            .connect(to: address)
            .whenComplete { result in
                self.assumeIsolated { $0.serviceOpened(result, key, target) }
            }
        armTimer(for: .now + ForwardTable.flowLifetime)
    }

    private func serviceOpened(_ result: Result<any Channel, any Error>, _ key: ServiceTable.FlowKey, _ target: Endpoint) {
        switch result {
        case .success(let channel):
            if !services.opened(channel, for: key) { channel.close(promise: nil) }
        case .failure(let error):
            services.remove(key)
            log.warning("cannot reach an allowed service", metadata: ["target": "\(target)", "reason": "\(error)"])
        }
    }

    private func serviceAnswered(_ data: ByteBuffer, _ key: ServiceTable.FlowKey) {
        guard let session = peers[key.peer] else { return }
        let now = Instant.now
        services.answered(key, at: now)
        act(on: session) {
            $0.send(.answer(flow: key.flow, port: key.port, payload: Array(buffer: data)), at: now, outputs: &$1)
        }
    }

    /// Forgets flows that nobody uses.
    func sweepFlows(at now: Instant) {
        forwards.sweep(at: now)
        for channel in services.sweep(at: now) { channel.close(promise: nil) }
    }
}

/// Hands over the datagrams of a socket: those of applications with their source, those of a service without.
private final class ForwardReader: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let take: @Sendable (ByteBuffer, SocketAddress) -> Void

    init(_ take: @escaping @Sendable (ByteBuffer, SocketAddress) -> Void) {
        self.take = take
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        take(envelope.data, envelope.remoteAddress)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Nobody listens at the service (ECONNREFUSED): UDP loses the datagram, and the next may find somebody.
    }
}

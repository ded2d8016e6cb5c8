package import NIOCore

/// A client's TLS session in a pipeline; it begins the handshake when the channel is active and closes when that takes too long.
package final class TLSClientHandler: TLSHandler {
    private let context: TLSContext
    private let peer: TLSPeer
    private let timeout: TimeAmount
    private let promise: EventLoopPromise<TLSEstablished>?
    private var deadline: Scheduled<Void>?
    private var isEnded = false

    /// - Parameters:
    ///   - timeout: the longest handshake, after which the channel is closed with `TLSError.timedOut`.
    ///   - established: completed when the handshake is done, or failed with the `TLSError`.
    package init(
        context: TLSContext, to peer: TLSPeer, timeout: TimeAmount = .seconds(10),
        established: EventLoopPromise<TLSEstablished>? = nil
    ) {
        self.context = context
        self.peer = peer
        self.timeout = timeout
        promise = established
        super.init()
    }

    override func makeSession(port: TLSPort) throws(TLSError) -> TLSSession {
        try TLSSession(client: context, to: peer, port: port)
    }

    override func start(_ context: ChannelHandlerContext) {
        if deadline == nil, !isEnded {
            deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.fail(context, .timedOut) }
        }
        super.start(context)
    }

    override package func handlerRemoved(context: ChannelHandlerContext) {
        super.handlerRemoved(context: context)
        // A connection that never became active has had no handshake.
        handshakeEnded(.failure(.truncated))
    }

    override func handshakeEnded(_ result: Result<TLSEstablished, TLSError>) {
        guard !isEnded else { return }
        isEnded = true
        deadline?.cancel()
        switch result {
        case .success(let established): promise?.succeed(established)
        case .failure(let error): promise?.fail(error)
        }
    }
}

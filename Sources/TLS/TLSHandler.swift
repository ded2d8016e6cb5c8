package import NIOCore

/// Ciphertext on the side of the socket, plaintext on the other: a TLS session in a NIO pipeline.
///
/// `TLSServerHandler` and `TLSClientHandler` are its two kinds. It lives on its channel's event loop, with the port of that thread.
///
/// For a hand-off it keeps one promise: when plaintext is fired, all ciphertext that has come is consumed, and all ciphertext that
/// was made is written. So what `detach()` gives is the whole state of the connection but for that plaintext.
package class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Plaintext kept until the handshake is done: a few requests. With more the connection fails.
    static let maximumEarlyCount = 1 << 20

    private enum State {
        /// Not in an active channel yet.
        case idle
        case handshaking(TLSSession)
        case established(TLSSession)
        /// The session went elsewhere; nothing passes here any more.
        case detached
        case closed
    }

    private var state = State.idle
    /// Plaintext that waits for a flush or for the end of the handshake.
    private var pending: [(data: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    /// Bytes written before the end of the handshake.
    private var earlyCount = 0
    /// Ciphertext given to the channel and not yet in the socket.
    private var bytesInFlight = 0
    private var loop: TLSLoop?

    init() {}

    /// Makes the session; the kind of handler knows how.
    func makeSession(port: TLSPort) throws(TLSError) -> TLSSession {
        preconditionFailure("a TLS handler is a server's or a client's")
    }

    /// Called once, when the handshake is done or has failed.
    func handshakeEnded(_ result: Result<TLSEstablished, TLSError>) {}

    /// Takes the session out, for another thread to go on with; the handler is inert from then on.
    ///
    /// Nil when that cannot be done cleanly: the handshake is not done, the peer has closed, or ciphertext still waits for the socket.
    package func detach() -> TLSSession? {
        guard case .established(let session) = state, session.isEstablished else { return nil }
        guard pending.isEmpty, bytesInFlight == 0 else { return nil }
        session.detach()
        state = .detached
        return session
    }

    // MARK: Life of the channel

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if case .handshaking = state { end(context, .truncated) }
        close()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        if case .handshaking = state { handshakeEnded(.failure(.truncated)) }
        close()
    }

    func start(_ context: ChannelHandlerContext) {
        guard case .idle = state else { return }
        let loop = TLSLoop.current
        self.loop = loop
        do throws(TLSError) {
            let session = try makeSession(port: loop.port)
            state = .handshaking(session)
            try session.handshake()
            sendOutput(context, promise: nil)
        } catch {
            fail(context, error)
        }
    }

    // MARK: Reading

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let ciphertext = unwrapInboundIn(data)
        let session: TLSSession
        switch state {
        case .handshaking(let current), .established(let current): session = current
        case .idle, .detached, .closed: return
        }
        guard let loop else { return }
        var plaintext = ByteBuffer()
        var failure: TLSError?
        let wasPeerClosed = session.isPeerClosed
        ciphertext.withUnsafeReadableBytes { input in
            do throws(TLSError) {
                var reading = try session.receive(input, into: loop.scratch)
                while true {
                    plaintext.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(loop.scratch)[..<reading.count]))
                    guard reading.outcome == .hasMore else { return }
                    reading = try session.read(into: loop.scratch)
                }
            } catch {
                failure = error
            }
        }
        sendOutput(context, promise: nil)
        if case .handshaking = state, session.isEstablished || session.isPeerClosed { established(context, session) }
        // Who gets the plaintext may detach the session: nothing may be asked of it afterwards.
        let hasPeerClosed = session.isPeerClosed && !wasPeerClosed
        if plaintext.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plaintext)) }
        if let failure {
            fail(context, failure)
        } else if hasPeerClosed {
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        switch state {
        case .handshaking: fail(context, .truncated)
        // After close_notify the end of input was reported already.
        case .established(let session) where session.isPeerClosed: break
        // Without it what came may be a part of what was sent: the connection is over.
        case .established: context.close(promise: nil)
        case .idle, .detached, .closed: break
        }
    }

    private func established(_ context: ChannelHandlerContext, _ session: TLSSession) {
        state = .established(session)
        let event = TLSEstablished(session)
        handshakeEnded(.success(event))
        context.fireUserInboundEventTriggered(event)
        if !pending.isEmpty { sendPending(context, session) }
    }

    // MARK: Writing

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch state {
        case .idle, .handshaking:
            let bytes = unwrapOutboundIn(data)
            pending.append((bytes, promise))
            earlyCount += bytes.readableBytes
            if earlyCount > Self.maximumEarlyCount { fail(context, .notEstablished) }
        case .established: pending.append((unwrapOutboundIn(data), promise))
        case .detached, .closed: promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        guard case .established(let session) = state, !pending.isEmpty else {
            context.flush()
            return
        }
        sendPending(context, session)
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input, case .established(let session) = state {
            if !pending.isEmpty { sendPending(context, session) }
            session.closeNotify()
            sendOutput(context, promise: nil)
        }
        if mode == .all {
            if case .handshaking = state { handshakeEnded(.failure(.truncated)) }
            close()
        }
        context.close(mode: mode, promise: promise)
    }

    /// Encrypts everything that waits, in as few records as it needs.
    private func sendPending(_ context: ChannelHandlerContext, _ session: TLSSession) {
        let writes = pending
        pending.removeAll()
        var failure: TLSError?
        for write in writes where failure == nil {
            write.data.withUnsafeReadableBytes { bytes in
                do throws(TLSError) { try session.gather(bytes) } catch { failure = error }
            }
        }
        do throws(TLSError) { try session.seal() } catch { failure = failure ?? error }
        let promises = writes.compactMap(\.promise)
        if let failure {
            for promise in promises { promise.fail(failure) }
            fail(context, failure)
            return
        }
        let sent = promises.isEmpty ? nil : context.eventLoop.makePromise(of: Void.self)
        for promise in promises { sent?.futureResult.cascade(to: promise) }
        sendOutput(context, promise: sent)
    }

    /// Writes the ciphertext of the port, if there is any.
    private func sendOutput(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        guard let port = loop?.port, !port.output.isEmpty else {
            promise?.succeed()
            return
        }
        let ciphertext = context.channel.allocator.buffer(bytes: port.output)
        port.clearOutput()
        let count = ciphertext.readableBytes
        bytesInFlight += count
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.bytesInFlight -= count }
        context.writeAndFlush(wrapOutboundOut(ciphertext), promise: written)
    }

    // MARK: Ends

    /// Sends the alert that the session has made, reports the failure and closes.
    func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        sendOutput(context, promise: nil)
        end(context, error)
        context.close(promise: nil)
    }

    private func end(_ context: ChannelHandlerContext, _ error: TLSError) {
        switch state {
        case .idle, .handshaking: handshakeEnded(.failure(error))
        case .established, .detached, .closed: break
        }
        close()
        context.fireErrorCaught(error)
    }

    /// Drops the session and fails what waits.
    private func close() {
        if case .detached = state {} else { state = .closed }
        let writes = pending
        pending.removeAll()
        for write in writes { write.promise?.fail(ChannelError.ioOnClosedChannel) }
    }
}

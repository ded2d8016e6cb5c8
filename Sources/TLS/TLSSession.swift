internal import COpenSSL

/// One TLS connection without a socket: ciphertext goes in, plaintext comes out, and the other way round.
///
/// It belongs to one thread at a time, the one whose port it is attached to, and is moved by `detach()`, handing it over, and
/// `attach(to:)` there. That hand-over must order memory (a lock, a mailbox, an event loop); the session itself locks nothing.
///
/// Every call may leave ciphertext in `port.output` (handshake, alerts, key updates, tickets): send it, then `clearOutput()`.
package final class TLSSession: @unchecked Sendable {
    private enum State {
        case handshaking
        case established
        /// The peer sent close_notify; we may still write.
        case peerClosed
        case failed(TLSError)
    }

    /// libssl's `SSL`, owned by this object.
    let ssl: OpaquePointer
    let context: TLSContext
    /// The server that a client wants; nil on a server.
    private let peer: TLSPeer?
    private var state = State.handshaking
    private var certificateFailure: CertificateFailure?
    private var port: TLSPort?
    private var scratch: UnsafeMutablePointer<TLSPort.State>?

    // MARK: Making and moving

    /// A session that waits for a client.
    package convenience init(server context: TLSContext, port: TLSPort) throws(TLSError) {
        precondition(context.isServer, "a server's session needs a server's context")
        try self.init(context, nil, port)
        SSL_set_accept_state(ssl)
    }

    /// A session to a server; `handshake()` begins it.
    package convenience init(client context: TLSContext, to peer: TLSPeer, port: TLSPort) throws(TLSError) {
        precondition(!context.isServer, "a client's session needs a client's context")
        try self.init(context, peer, port)
        SSL_set_connect_state(ssl)
        if !peer.isAddress, causeway_ssl_set_server_name(ssl, peer.host) != 1 { throw .fromLibrary() }
        context.sessions.resume(peer, on: ssl)
    }

    private init(_ context: TLSContext, _ peer: TLSPeer?, _ port: TLSPort) throws(TLSError) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { throw .fromLibrary() }
        self.ssl = ssl
        self.context = context
        self.peer = peer
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        attach(to: port)
    }

    deinit {
        // Without this an abrupt end would make a client's session useless for resumption, a rule that RFC 5246 §7.2.1 dropped.
        if case .established = state { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(ssl)
    }

    /// Lets this session use the port of the calling thread, to which it belongs from here on.
    package func attach(to port: TLSPort) {
        // One reference for each direction: `SSL_set_bio` with equal arguments would take only one of them.
        BIO_up_ref(port.bio)
        SSL_set0_rbio(ssl, port.bio)
        BIO_up_ref(port.bio)
        SSL_set0_wbio(ssl, port.bio)
        self.port = port
        scratch = port.state
    }

    /// Lets go of the thread's port. Every received byte is plaintext already handed out, or lies inside the session and moves with it.
    package func detach() {
        precondition(
            scratch.map { $0.pointee.session != id || $0.pointee.isEmpty } ?? true, "bytes of this session are left in the port")
        SSL_set0_rbio(ssl, nil)
        SSL_set0_wbio(ssl, nil)
        port = nil
        scratch = nil
    }

    // MARK: State

    /// Whether the handshake is done and neither side has ended.
    package var isEstablished: Bool {
        if case .established = state { return true }
        return false
    }

    /// Whether the peer sent close_notify.
    package var isPeerClosed: Bool {
        if case .peerClosed = state { return true }
        return false
    }

    // MARK: Handshake and reading

    /// Goes on with the handshake as far as the input allows: true once it is done. A client calls it first without input.
    @discardableResult
    package func handshake() throws(TLSError) -> Bool {
        begin()
        switch state {
        case .established, .peerClosed: return true
        case .failed(let error): throw error
        case .handshaking: break
        }
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            state = .established
            return true
        }
        guard SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ else { throw fail() }
        return false
    }

    /// Feeds ciphertext, then reads as `read(into:)` does. The input must stay where it is until `read` wants more.
    package func receive(
        _ ciphertext: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
    ) throws(TLSError) -> Reading {
        let scratch = begin()
        precondition(scratch.pointee.inputCount == 0, "earlier input is not consumed yet")
        scratch.pointee.input = ciphertext.assumingMemoryBound(to: UInt8.self).baseAddress
        scratch.pointee.inputCount = ciphertext.count
        return try read(into: buffer)
    }

    /// Room for plaintext that always suffices for so much ciphertext, with what is left of a record inside the session.
    package static func plaintextCapacity(forCiphertext count: Int) -> Int { count + TLSPort.recordCapacity }

    /// Goes on with the handshake if it is not done, and reads plaintext until the buffer is full or the input is used up.
    ///
    /// A failure after some plaintext is thrown by the next call.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Reading {
        let scratch = begin()
        switch state {
        case .handshaking:
            guard try handshake() else { return Reading(count: 0, outcome: .wantsInput) }
        case .established: break
        case .peerClosed:
            dropInput(scratch)
            return Reading(count: 0, outcome: .peerClosed)
        case .failed(let error): throw error
        }
        var total = 0
        while total < buffer.count {
            var count = 0
            ERR_clear_error()
            if SSL_read_ex(ssl, buffer.baseAddress.map { $0 + total }, buffer.count - total, &count) == 1 {
                total += count
                continue
            }
            switch SSL_get_error(ssl, 0) {
            case SSL_ERROR_WANT_READ:
                return Reading(count: total, outcome: .wantsInput)
            case SSL_ERROR_ZERO_RETURN:
                state = .peerClosed
                dropInput(scratch)
                return Reading(count: total, outcome: .peerClosed)
            default:
                let error = fail()
                guard total > 0 else { throw error }
                return Reading(count: total, outcome: .hasMore)
            }
        }
        return Reading(count: total, outcome: .hasMore)
    }

    // MARK: Writing

    /// Encrypts plaintext into the port's output, in as few records as it needs.
    package func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
        begin()
        try checkWritable()
        var rest = plaintext
        while !rest.isEmpty {
            var count = 0
            guard SSL_write_ex(ssl, rest.baseAddress, rest.count, &count) == 1 else { throw fail() }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// Adds a piece of plaintext to the record that is being filled; every full record is encrypted at once.
    ///
    /// So many small packets become few records. `seal()` has to follow before another session is touched.
    package func gather(_ piece: UnsafeRawBufferPointer) throws(TLSError) {
        let scratch = begin()
        try checkWritable()
        var rest = piece
        while !rest.isEmpty {
            if scratch.pointee.recordCount == 0, rest.count >= TLSPort.recordCapacity {
                let whole = rest.count - rest.count % TLSPort.recordCapacity
                try write(UnsafeRawBufferPointer(rebasing: rest[..<whole]))
                rest = UnsafeRawBufferPointer(rebasing: rest[whole...])
                continue
            }
            let count = min(rest.count, TLSPort.recordCapacity - scratch.pointee.recordCount)
            if let start = rest.baseAddress {
                (scratch.pointee.record + scratch.pointee.recordCount).copyMemory(from: start, byteCount: count)
            }
            scratch.pointee.recordCount += count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            if scratch.pointee.recordCount == TLSPort.recordCapacity { try seal() }
        }
    }

    /// Encrypts what `gather` has left over.
    package func seal() throws(TLSError) {
        let scratch = begin()
        let count = scratch.pointee.recordCount
        guard count > 0 else { return }
        scratch.pointee.recordCount = 0
        try write(UnsafeRawBufferPointer(start: scratch.pointee.record, count: count))
    }

    /// Writes close_notify, once; does nothing before the handshake is done or after a failure.
    package func closeNotify() {
        switch state {
        case .established, .peerClosed:
            begin()
            SSL_shutdown(ssl)
            ERR_clear_error()
        case .handshaking, .failed:
            break
        }
    }

    // MARK: Details

    /// What the port compares to know whose bytes it holds.
    private var id: UnsafeRawPointer { UnsafeRawPointer(ssl) }

    /// Begins a call: the port must be free, or in work for this session.
    @discardableResult
    private func begin() -> UnsafeMutablePointer<TLSPort.State> {
        guard let scratch else { preconditionFailure("the session is attached to no port") }
        if scratch.pointee.session != id {
            precondition(scratch.pointee.isEmpty, "the port holds bytes of another session")
            scratch.pointee.session = id
        }
        ERR_clear_error()
        return scratch
    }

    private func checkWritable() throws(TLSError) {
        switch state {
        case .established, .peerClosed: return
        case .handshaking: throw .notEstablished
        case .failed(let error): throw error
        }
    }

    private func dropInput(_ scratch: UnsafeMutablePointer<TLSPort.State>) {
        scratch.pointee.input = nil
        scratch.pointee.inputCount = 0
    }

    /// Ends the session with the error that libssl left. Nothing may be asked of an `SSL` after that.
    private func fail() -> TLSError {
        let fromLibrary = TLSError.fromLibrary()
        let error = certificateFailure.map { TLSError.certificate($0) } ?? fromLibrary
        state = .failed(error)
        if let scratch {
            dropInput(scratch)
            scratch.pointee.recordCount = 0
        }
        return error
    }

    // MARK: Called by libssl

    /// The object that owns an `SSL`.
    static func owner(of ssl: OpaquePointer?) -> TLSSession? {
        guard let ssl, let pointer = SSL_get_ex_data(ssl, 0) else { return nil }
        return Unmanaged<TLSSession>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Judges the peer's certificate during `handshake()`.
    func verify(_ store: OpaquePointer) -> Bool {
        certificateFailure = peer.map { $0.failure(of: store) } ?? .missing
        if let certificateFailure { X509_STORE_CTX_set_error(store, certificateFailure.alertCause) }
        return certificateFailure == nil
    }

    /// Keeps a session for resumption; answers whether its reference was taken.
    func keep(_ session: OpaquePointer) -> Bool {
        guard let peer else { return false }
        context.sessions.store(session, for: peer)
        return true
    }
}

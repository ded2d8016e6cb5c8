internal import COpenSSL
package import Wire

/// What all TLS sessions of a server, or of a client, have in common.
///
/// It never changes after it was made; libssl counts its references and guards its tables, so any thread may make sessions of it.
/// A server takes another certificate by making another context: connections that stand keep theirs.
package final class TLSContext: @unchecked Sendable {
    /// libssl's `SSL_CTX`, owned by this object.
    let pointer: OpaquePointer
    let isServer: Bool
    /// The sessions that a client may resume.
    let sessions = SessionCache()

    private init(isServer: Bool, versions: ClosedRange<TLSVersion>) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else { throw .fromLibrary() }
        self.pointer = pointer
        self.isServer = isServer
        causeway_ctx_set_defaults(pointer)
        try check(causeway_ctx_set_versions(pointer, versions.lowerBound.number, versions.upperBound.number))
        try check(SSL_CTX_set_ciphersuites(pointer, Self.suites13))
        try check(SSL_CTX_set_cipher_list(pointer, Self.suites12))
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    // MARK: Servers

    /// A server's context: TLS 1.2 and 1.3, session tickets, no renegotiation, and `http/1.1` alone as application protocol.
    ///
    /// - Parameters:
    ///   - relayKey: announced by a meta certificate at the end of the chain, for clients that start DERP without a round trip.
    ///   - versions: narrowed only by tests.
    package convenience init(
        server identity: TLSIdentity, relayKey: NodeKey? = nil, versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws(TLSError) {
        try self.init(isServer: true, versions: versions)
        try check(SSL_CTX_use_certificate(pointer, identity.certificate.pointer))
        try check(SSL_CTX_use_PrivateKey(pointer, identity.key.pointer))
        var rest = Array(identity.chain.dropFirst())
        if let relayKey {
            do {
                rest.append(try Certificate.meta(relayKey: relayKey))
            } catch {
                throw .library(error.description)
            }
        }
        for certificate in rest {
            try check(causeway_ctx_add_chain_certificate(pointer, certificate.pointer))
        }
        causeway_ctx_use_tickets_only(pointer)
        // One ticket is enough for a client with one connection.
        SSL_CTX_set_num_tickets(pointer, 1)
        try check(SSL_CTX_set_session_id_context(pointer, Self.sessionContext, UInt32(Self.sessionContext.count)))
        SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, nil)
    }

    // MARK: Clients

    /// A client's context.
    ///
    /// - Parameters:
    ///   - roots: trusted beside the system's.
    ///   - usesSystemRoots: false leaves `roots` alone, for tests and closed installations.
    ///   - protocols: application protocols to offer (RFC 7301); DERP clients offer none.
    package convenience init(
        clientTrusting roots: [Certificate] = [], usesSystemRoots: Bool = true, protocols: [String] = [],
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    ) throws(TLSError) {
        try self.init(isServer: false, versions: versions)
        if usesSystemRoots { try check(SSL_CTX_set_default_verify_paths(pointer)) }
        let store = SSL_CTX_get_cert_store(pointer)
        for root in roots {
            try check(X509_STORE_add_cert(store, root.pointer))
        }
        // A trusted certificate is the end of the search, whoever issued it.
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(pointer, verifyPeer, nil)
        causeway_ctx_report_sessions(pointer)
        SSL_CTX_sess_set_new_cb(pointer, storeSession)
        if !protocols.isEmpty {
            let list = protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
            // Unlike its siblings it answers 0 for success.
            try check(SSL_CTX_set_alpn_protos(pointer, list, UInt32(list.count)) == 0 ? 1 : 0)
        }
    }

    private func check(_ result: Int32) throws(TLSError) {
        guard result == 1 else { throw .fromLibrary() }
    }

    /// Tickets of another program are not ours.
    private static let sessionContext = Array("causeway".utf8)

    /// Processors with AES instructions do AES-128-GCM fastest; others ChaCha20-Poly1305.
    private static let hasAES = causeway_cpu_has_aes() != 0

    private static let suites13 =
        hasAES
        ? "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
        : "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"

    /// Forward secret and authenticated only.
    private static let suites12: String = {
        let aes128 = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]
        let chacha = ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"]
        let aes256 = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"]
        return (hasAES ? aes128 + chacha + aes256 : chacha + aes128 + aes256).joined(separator: ":")
    }()
}

extension TLSVersion {
    fileprivate var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
}

/// Chooses `http/1.1` if the client offers it, else nothing: what follows is a byte stream that HTTP/2 could not carry.
private func selectProtocol(
    ssl: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, chosenCount: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?, offeredCount: UInt32, argument: UnsafeMutableRawPointer?
) -> Int32 {
    let wanted = "http/1.1"
    var position = 0
    while let offered, position < Int(offeredCount) {
        let count = Int(offered[position])
        guard position + 1 + count <= Int(offeredCount) else { break }
        if wanted.utf8.elementsEqual(UnsafeBufferPointer(start: offered + position + 1, count: count)) {
            chosen?.pointee = offered + position + 1
            chosenCount?.pointee = UInt8(count)
            return SSL_TLSEXT_ERR_OK
        }
        position += 1 + count
    }
    return SSL_TLSEXT_ERR_NOACK
}

/// Gives a resumable session to the cache of the client's context.
private func storeSession(ssl: OpaquePointer?, session: OpaquePointer?) -> Int32 {
    guard let session, let owner = TLSSession.owner(of: ssl) else { return 0 }
    return owner.keep(session) ? 1 : 0
}

/// Judges the server's certificate in place of the library.
private func verifyPeer(store: OpaquePointer?, argument: UnsafeMutableRawPointer?) -> Int32 {
    let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()).map { OpaquePointer($0) }
    guard let store, let owner = TLSSession.owner(of: ssl) else { return 0 }
    return owner.verify(store) ? 1 : 0
}

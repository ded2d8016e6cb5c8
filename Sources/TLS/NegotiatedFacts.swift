internal import COpenSSL
package import Wire

/// What the handshake has settled; meaningful once the session is established.
extension TLSSession {
    /// The negotiated version.
    package var negotiatedVersion: TLSVersion { SSL_version(ssl) == TLS1_3_VERSION ? .tls13 : .tls12 }

    /// The negotiated suite in OpenSSL's words, such as `TLS_AES_128_GCM_SHA256`.
    package var negotiatedCipher: String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }

    /// The application protocol that the server chose, nil when it chose none.
    package var negotiatedProtocol: String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &start, &count)
        guard count > 0, let start else { return nil }
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// The name that the client asked for, nil when it asked for none.
    package var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    /// Whether the handshake resumed an earlier session.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// The certificates of the server, its own first; empty on a server. A resumed session has those of the first handshake.
    package var peerCertificates: [Certificate] {
        guard !context.isServer else { return [] }
        let chain = SSL_get_peer_cert_chain(ssl)
        return (0..<causeway_stack_count(chain)).compactMap { index in
            causeway_stack_at(chain, index).map { Certificate(sharing: $0) }
        }
    }

    /// The key of the relay that the server announced over TLS 1.3.
    ///
    /// Under TLS 1.2 certificates travel in clear, so that anybody on the way could have added one: it is nil then.
    package var peerRelayKey: NodeKey? {
        guard negotiatedVersion == .tls13 else { return nil }
        return peerCertificates.lazy.compactMap(\.relayKey).first
    }
}

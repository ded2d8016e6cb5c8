internal import COpenSSL

extension TLSPeer {
    /// Judges the certificates of a server: what is wrong with them, or nil.
    ///
    /// `store` holds the chain that the server sent, the roots of the context and libssl's rules for server certificates.
    func failure(of store: OpaquePointer, at now: CertificateTime = .now) -> CertificateFailure? {
        let sent = X509_STORE_CTX_get0_untrusted(store)
        let chain = (0..<causeway_stack_count(sent)).compactMap { index in
            causeway_stack_at(sent, index).map { Certificate(sharing: $0) }
        }
        guard let leaf = chain.first else { return .missing }
        switch proof {
        case .nothing:
            return nil
        case .pin(let pin):
            return pinFailure(pin, chain, at: now)
        case .name(let name):
            defer { ERR_clear_error() }
            if X509_verify_cert(store) != 1 { return Self.chainFailure(store, leaf) }
            return leaf.isFor(host: name) ? nil : .nameMismatch(wanted: name, names: leaf.names)
        }
    }

    /// A pin: one certificate beside the relay's meta certificate, the right one, in its time, for the host if that is a name.
    private func pinFailure(_ pin: CertificatePin, _ chain: [Certificate], at now: CertificateTime) -> CertificateFailure? {
        let own = chain.filter { $0.relayKey == nil }
        guard let leaf = own.first else { return .missing }
        guard leaf.pin == pin else { return .pinMismatch(expected: pin, presented: leaf.pin) }
        guard own.count == 1 else { return .pinnedChain(count: own.count) }
        guard leaf.notBefore <= now else { return .notYetValid(until: leaf.notBefore) }
        guard now <= leaf.notAfter else { return .expired(at: leaf.notAfter) }
        guard isAddress || leaf.isFor(host: host) else { return .nameMismatch(wanted: host, names: leaf.names) }
        return nil
    }

    /// The library's verdict in our words.
    private static func chainFailure(_ store: OpaquePointer, _ leaf: Certificate) -> CertificateFailure {
        let code = X509_STORE_CTX_get_error(store)
        let culprit = X509_STORE_CTX_get_current_cert(store).map { Certificate(sharing: $0) } ?? leaf
        switch code {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            return .unknownIssuer(culprit.issuerName)
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return .expired(at: culprit.notAfter)
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return .notYetValid(until: culprit.notBefore)
        default:
            return .other(X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "code \(code)")
        }
    }
}

extension CertificateFailure {
    /// The verdict from which libssl derives the alert to the peer.
    var alertCause: Int32 {
        switch self {
        case .expired: X509_V_ERR_CERT_HAS_EXPIRED
        case .notYetValid: X509_V_ERR_CERT_NOT_YET_VALID
        case .unknownIssuer: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        case .nameMismatch: X509_V_ERR_HOSTNAME_MISMATCH
        case .missing, .pinMismatch, .pinnedChain, .other: X509_V_ERR_CERT_REJECTED
        }
    }
}

internal import COpenSSL
package import Wire

/// What a server shows of itself: a certificate chain, the server's own certificate first, and the private key of that one.
package struct TLSIdentity: Sendable {
    package let chain: [Certificate]
    package let key: SigningKey

    /// The server's own certificate.
    package var certificate: Certificate { chain[0] }

    /// Joins a chain and a key; refuses an empty chain and a key of another certificate.
    package init(chain: [Certificate], key: SigningKey) throws(CertificateError) {
        guard let first = chain.first else { throw .malformed("the chain is empty") }
        defer { ERR_clear_error() }
        guard X509_check_private_key(first.pointer, key.pointer) == 1 else { throw .keyDoesNotFit }
        self.chain = chain
        self.key = key
    }

    /// Loads two PEM files.
    package init(certificateFile: String, keyFile: String) throws(CertificateError) {
        let chain = try PEM.certificates(in: PEM.read(certificateFile))
        try self.init(chain: chain, key: SigningKey(pem: PEM.read(keyFile)))
    }

    /// Saves two PEM files, the key with mode 0600.
    package func save(certificateFile: String, keyFile: String) throws(CertificateError) {
        try PEM.save(key.secretPEM, to: keyFile, isSecret: true)
        try PEM.save(PEM.text(of: chain), to: certificateFile, isSecret: false)
    }

    /// How long a self-signed certificate lasts, in days: ten years.
    ///
    /// Clients trust it by its pin alone, and every renewal makes another pin that each of them has to be told. A short life would
    /// therefore break clients and protect nobody: a stolen key is answered by a new certificate, not by waiting.
    package static let selfSignedDays = 3650

    /// How long before now its validity begins, in days: for clients whose clock is behind.
    package static let backdatedDays = 30

    /// Makes a key and a self-signed certificate for the names and addresses.
    package static func selfSigned(
        names: [String], addresses: [IPAddress], at now: CertificateTime = .now, days: Int = selfSignedDays
    ) throws(CertificateError) -> TLSIdentity {
        let key = try SigningKey.makeP256()
        let draft = try CertificateDraft(
            subject: "Causeway", serial: .random(in: 1...(.max >> 1)), from: now.adding(days: -backdatedDays),
            to: now.adding(days: days))
        try draft.addNames(names, addresses)
        try draft.addExtension(NID_basic_constraints, "critical,CA:FALSE")
        try draft.addExtension(NID_key_usage, "critical,digitalSignature")
        try draft.addExtension(NID_ext_key_usage, "serverAuth")
        return try TLSIdentity(chain: [draft.signed(by: key)], key: key)
    }
}

extension Certificate {
    /// Makes the meta certificate that tells clients the key of the DERP relay, so that they may skip a round trip.
    ///
    /// It is self-signed with an Ed25519 key that is thrown away, and valid 30 days before and after `now`, as the Go server makes it.
    package static func meta(
        relayKey: NodeKey, protocolVersion: UInt8 = 2, at now: CertificateTime = .now
    ) throws(CertificateError) -> Certificate {
        let key = try SigningKey.makeEd25519()
        let draft = try CertificateDraft(
            subject: relayNamePrefix + relayKey.untypedText, serial: UInt64(protocolVersion), from: now.adding(days: -30),
            to: now.adding(days: 30))
        try draft.addExtension(NID_basic_constraints, "critical,CA:FALSE")
        return try draft.signed(by: key)
    }
}

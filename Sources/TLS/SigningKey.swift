internal import COpenSSL

/// The private key of a certificate. It has no description, so that it cannot slip into a log.
///
/// It is immutable, and libcrypto counts its references atomically: any thread may hold it.
package final class SigningKey: @unchecked Sendable {
    /// libcrypto's `EVP_PKEY`, owned by this object.
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// Makes an ECDSA key on P-256, the cheapest kind that every TLS client takes.
    package static func makeP256() throws(CertificateError) -> SigningKey {
        guard let key = causeway_generate_p256() else { throw .notMade(TLSError.libraryText()) }
        return SigningKey(owning: key)
    }

    /// Makes an Ed25519 key.
    package static func makeEd25519() throws(CertificateError) -> SigningKey {
        guard let key = causeway_generate_ed25519() else { throw .notMade(TLSError.libraryText()) }
        return SigningKey(owning: key)
    }

    /// Reads the first private key of a PEM text.
    package convenience init(pem: [UInt8]) throws(CertificateError) {
        ERR_clear_error()
        let bio = BIO_new_mem_buf(pem, Int32(clamping: pem.count))
        defer { BIO_free(bio) }
        // Without a callback of its own the library would ask for the pass phrase on the terminal.
        let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        guard let key else {
            let text = TLSError.libraryText()
            ERR_clear_error()
            throw pem.contains("ENCRYPTED") ? .encryptedKey : .malformed("no private key in PEM form: \(text)")
        }
        self.init(owning: key)
    }

    /// The unencrypted PKCS #8 form in PEM.
    package var secretPEM: [UInt8] {
        PEM.write { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }
}

extension [UInt8] {
    /// Whether the ASCII text occurs anywhere.
    fileprivate func contains(_ text: String) -> Bool {
        let pattern = Array(text.utf8)
        return indices.contains { self[$0...].starts(with: pattern) }
    }
}

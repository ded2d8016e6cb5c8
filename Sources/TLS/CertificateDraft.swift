internal import COpenSSL
internal import Wire

/// A certificate while it is being made: self-signed, version 3 (RFC 5280 §4.1).
struct CertificateDraft {
    private let certificate: Certificate

    init(subject: String, serial: UInt64, from start: CertificateTime, to end: CertificateTime) throws(CertificateError) {
        guard let pointer = X509_new() else { throw .notMade(TLSError.libraryText()) }
        certificate = Certificate(owning: pointer)
        let name = X509_get_subject_name(pointer)
        // A plain type: the library limits common names to 64 characters when it may choose the type, and a relay's has 71.
        let isNamed =
            X509_NAME_add_entry_by_NID(
                name, NID_commonName, V_ASN1_PRINTABLESTRING, Array(subject.utf8), Int32(subject.utf8.count), -1, 0) == 1
        try check(
            isNamed && X509_set_issuer_name(pointer, name) == 1
                && X509_set_version(pointer, 2) == 1
                && ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), serial) == 1
                && ASN1_TIME_set(X509_getm_notBefore(pointer), start.secondsSince1970) != nil
                && ASN1_TIME_set(X509_getm_notAfter(pointer), end.secondsSince1970) != nil)
    }

    /// Adds an extension in the library's configuration syntax.
    func addExtension(_ identifier: Int32, _ value: String) throws(CertificateError) {
        let part = X509V3_EXT_conf_nid(nil, nil, identifier, value)
        defer { X509_EXTENSION_free(part) }
        try check(part != nil && X509_add_ext(certificate.pointer, part, -1) == 1)
    }

    /// Adds the names that the certificate is for. They are set as bytes, so that no character of a name has a meaning.
    func addNames(_ names: [String], _ addresses: [IPAddress]) throws(CertificateError) {
        let list = GENERAL_NAMES_new()
        defer { GENERAL_NAMES_free(list) }
        var isComplete = true
        for name in names {
            isComplete = isComplete && causeway_names_append(list, GEN_DNS, name, Int32(name.utf8.count)) == 1
        }
        for address in addresses {
            let bytes = address.bytes
            isComplete = isComplete && causeway_names_append(list, GEN_IPADD, bytes, Int32(bytes.count)) == 1
        }
        let content = UnsafeMutableRawPointer(list)
        try check(isComplete && X509_add1_ext_i2d(certificate.pointer, NID_subject_alt_name, content, 0, 0) == 1)
    }

    /// Signs it with the key that it certifies.
    func signed(by key: SigningKey) throws(CertificateError) -> Certificate {
        try check(X509_set_pubkey(certificate.pointer, key.pointer) == 1)
        // Ed25519 hashes by itself.
        let digest = EVP_PKEY_get_id(key.pointer) == EVP_PKEY_ED25519 ? nil : EVP_sha256()
        try check(X509_sign(certificate.pointer, key.pointer, digest) > 0)
        return certificate
    }

    private func check(_ isDone: Bool) throws(CertificateError) {
        guard isDone else { throw .notMade(TLSError.libraryText()) }
    }
}

internal import COpenSSL
package import Wire

/// An X.509 certificate (RFC 5280).
///
/// It is immutable, and libcrypto counts its references atomically: any thread may hold it.
package final class Certificate: @unchecked Sendable {
    /// libcrypto's `X509`, owned by this object.
    let pointer: OpaquePointer

    /// Takes over one reference to `pointer`.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Shares a certificate that the library owns.
    convenience init(sharing pointer: OpaquePointer) {
        X509_up_ref(pointer)
        self.init(owning: pointer)
    }

    /// Parses the DER form; nothing may follow it.
    package convenience init(der: [UInt8]) throws(CertificateError) {
        let parsed = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var position = bytes.baseAddress
            guard let certificate = d2i_X509(nil, &position, bytes.count) else { return nil }
            guard position == bytes.baseAddress.map({ $0 + bytes.count }) else {
                X509_free(certificate)
                return nil
            }
            return certificate
        }
        guard let parsed else { throw .malformed("not a certificate in DER form: \(TLSError.libraryText())") }
        self.init(owning: parsed)
    }

    deinit {
        X509_free(pointer)
    }

    /// The DER form.
    package var der: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(max(0, i2d_X509(pointer, nil))))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var position = buffer.baseAddress
            i2d_X509(pointer, &position)
        }
        return bytes
    }

    /// The pin that names exactly this certificate.
    package var pin: CertificatePin {
        guard let pin = CertificatePin(digest: MessageDigest.sha256(der)) else { preconditionFailure("a digest has 32 bytes") }
        return pin
    }

    /// The start of its validity.
    package var notBefore: CertificateTime { CertificateTime(X509_get0_notBefore(pointer)) }

    /// The end of its validity.
    package var notAfter: CertificateTime { CertificateTime(X509_get0_notAfter(pointer)) }

    /// The subject's common name, "" when it has none.
    package var commonName: String { Self.commonName(of: X509_get_subject_name(pointer)) }

    /// The issuer's common name, "" when it has none.
    package var issuerName: String { Self.commonName(of: X509_get_issuer_name(pointer)) }

    /// The DNS names and IP addresses that it is for (RFC 5280 §4.2.1.6).
    package var names: [String] {
        let names = OpaquePointer(X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil))
        defer { GENERAL_NAMES_free(names) }
        return (0..<causeway_names_count(names)).compactMap { index -> String? in
            var type: Int32 = 0
            var count: Int32 = 0
            guard let start = causeway_names_at(names, index, &type, &count) else { return nil }
            let bytes = Array(UnsafeBufferPointer(start: start, count: Int(count)))
            return type == GEN_DNS ? String(decoding: bytes, as: UTF8.self) : IPAddress(bytes)?.description
        }
    }

    /// Whether it is for this host: a DNS name (wildcards of a whole label count) or an IP literal.
    package func isFor(host: String) -> Bool {
        if let address = IPAddress(host) {
            return X509_check_ip(pointer, address.bytes, address.bytes.count, 0) == 1
        }
        let flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        return X509_check_host(pointer, host, host.utf8.count, flags, nil) == 1
    }

    /// The key of the DERP relay that this certificate announces, nil when it is no meta certificate.
    ///
    /// A relay appends to its chain one certificate whose common name is `derpkey` and the 64 hexadecimal digits of its key, and whose
    /// serial number is the protocol version, at most 8 bits. Nothing else of it is looked at.
    package var relayKey: NodeKey? {
        let name = commonName
        guard name.hasPrefix(Self.relayNamePrefix), let key = NodeKey(untyped: name.dropFirst(Self.relayNamePrefix.count)) else {
            return nil
        }
        var version: UInt64 = 0
        guard ASN1_INTEGER_get_uint64(&version, X509_get0_serialNumber(pointer)) == 1, version <= UInt64(UInt8.max) else {
            return nil
        }
        return key
    }

    static let relayNamePrefix = "derpkey"

    private static func commonName(of name: OpaquePointer?) -> String {
        var text = [CChar](repeating: 0, count: 256)
        guard X509_NAME_get_text_by_NID(name, NID_commonName, &text, Int32(text.count)) > 0 else { return "" }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
}

/// What can be wrong with certificate files.
package enum CertificateError: Error, Equatable {
    /// A file cannot be read: its path and why.
    case unreadable(path: String, reason: String)
    /// A file cannot be written: its path and why.
    case unwritable(path: String, reason: String)
    /// The content is not what it should be.
    case malformed(String)
    /// The key file holds a key that is protected by a pass phrase.
    case encryptedKey
    /// The key belongs to another certificate.
    case keyDoesNotFit
    /// libcrypto could not make a key or a certificate.
    case notMade(String)
}

extension CertificateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
        case .malformed(let text): text
        case .encryptedKey: "the private key is protected by a pass phrase; store it without one, readable by the server alone"
        case .keyDoesNotFit: "the private key does not belong to the first certificate of the file"
        case .notMade(let text): "libcrypto could not make it: \(text)"
        }
    }
}

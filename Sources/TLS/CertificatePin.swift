internal import Wire

/// The SHA-256 of a certificate's DER form: names exactly one certificate, whoever issued it.
///
/// Its text is `sha256-raw:` and 64 hexadecimal digits, as the member `CertName` of a DERP map carries it.
package struct CertificatePin: Hashable, Sendable {
    /// The 32 bytes of the digest.
    package let digest: [UInt8]

    /// The pin of a digest of 32 bytes, or nil.
    package init?(digest: [UInt8]) {
        guard digest.count == 32 else { return nil }
        self.digest = digest
    }

    /// Parses the text form; digits of either case.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix), let digest = Hexadecimal.decode(text.dropFirst(Self.prefix.count)) else { return nil }
        self.init(digest: digest)
    }

    private static let prefix = "sha256-raw:"
}

extension CertificatePin: CustomStringConvertible {
    package var description: String { Self.prefix + Hexadecimal.encode(digest) }
}

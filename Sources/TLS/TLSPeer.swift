internal import Wire

/// The server that a client wants to reach, and how it is to prove itself.
package struct TLSPeer: Hashable, Sendable {
    package enum Proof: Hashable, Sendable {
        /// A chain to the trusted roots, for this DNS name or IP literal.
        case name(String)
        /// Exactly this certificate, within its dates, and for the dialled host if that is a DNS name. Roots do not matter.
        case pin(CertificatePin)
        /// Nothing. For load generators and diagnosis only: it protects from nobody.
        case nothing
    }

    /// The DNS name or IP literal that was dialled. A name goes out as the server name indication (RFC 6066 §3), a literal does not.
    package let host: String
    package let proof: Proof

    package init(host: String, proof: Proof) {
        self.host = host
        self.proof = proof
    }

    /// The usual case: the certificate has to be for the dialled host.
    package init(host: String) {
        self.init(host: host, proof: .name(host))
    }

    /// The member `CertName` of a DERP map node: empty, a name that is verified in place of the dialled one, or a pin.
    ///
    /// Answers nil for a damaged pin, which must not be mistaken for a name.
    package init?(host: String, certificateName: String) {
        if certificateName.isEmpty {
            self.init(host: host)
        } else if let pin = CertificatePin(certificateName) {
            self.init(host: host, proof: .pin(pin))
        } else if certificateName.contains(":"), IPAddress(certificateName) == nil {
            return nil
        } else {
            self.init(host: host, proof: .name(certificateName))
        }
    }

    /// Whether the host is an address and no name.
    var isAddress: Bool { IPAddress(host) != nil }
}

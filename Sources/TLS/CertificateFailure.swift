/// Why a peer's certificate was refused.
package enum CertificateFailure: Error, Equatable {
    /// The peer sent no certificate.
    case missing
    /// The certificate is another one than the pin names.
    case pinMismatch(expected: CertificatePin, presented: CertificatePin)
    /// A pin wants a chain of exactly one certificate (beside the relay's meta certificate).
    case pinnedChain(count: Int)
    /// Nobody we trust issued it.
    case unknownIssuer(String)
    /// It is for other names than the one we dialled.
    case nameMismatch(wanted: String, names: [String])
    /// Its time is over.
    case expired(at: CertificateTime)
    /// Its time has not begun: one of the two clocks may be wrong.
    case notYetValid(until: CertificateTime)
    /// Anything else, in libcrypto's words.
    case other(String)
}

extension CertificateFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing:
            "the server sent no certificate"
        case .pinMismatch(let expected, let presented):
            "the server's certificate does not fit the pin: expected \(expected), got \(presented)"
        case .pinnedChain(let count):
            "a pinned server sends one certificate, this one sent \(count)"
        case .unknownIssuer(let issuer):
            "the server's certificate was issued by \(issuer), which is not trusted here"
        case .nameMismatch(let wanted, let names):
            "the server's certificate is not for \(wanted) but for \(names.isEmpty ? "no name" : names.joined(separator: ", "))"
        case .expired(let time):
            "the server's certificate expired at \(time)"
        case .notYetValid(let time):
            "the server's certificate is not valid before \(time); are the clocks right?"
        case .other(let text):
            "the server's certificate is not valid: \(text)"
        }
    }
}

/// The kinds of TLS failures, as counters tell them apart.
package enum TLSFailureReason: String, CaseIterable, Sendable {
    case certificate
    case alert
    case notTLS = "not_tls"
    case version
    case cipher
    case record
    case truncated
    case timeout
    case other
}

extension TLSError {
    /// The kind of this failure.
    package var reason: TLSFailureReason {
        switch self {
        case .certificate: .certificate
        case .alert: .alert
        case .notTLS: .notTLS
        case .noCommonVersion: .version
        case .noCommonCipher: .cipher
        case .brokenRecord: .record
        case .truncated: .truncated
        case .timedOut: .timeout
        case .notEstablished, .library: .other
        }
    }
}

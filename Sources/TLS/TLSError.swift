internal import COpenSSL

/// Why a TLS connection could not be made or could not go on.
package enum TLSError: Error, Equatable {
    /// We refused the peer's certificate.
    case certificate(CertificateFailure)
    /// The peer gave up and said why (RFC 8446 §6.2): 42 bad_certificate, 48 unknown_ca, 70 protocol_version …
    case alert(UInt8)
    /// The first bytes are no TLS record: plain HTTP on a TLS port, another protocol, or noise.
    case notTLS
    /// The peer offers no protocol version that we take.
    case noCommonVersion
    /// The peer offers no cipher suite that we take.
    case noCommonCipher
    /// A record did not decrypt, or was malformed.
    case brokenRecord
    /// The connection ended without close_notify, in the handshake or after it.
    case truncated
    /// The handshake took longer than it may.
    case timedOut
    /// Data was to be written before the handshake was done, or after the session had ended.
    case notEstablished
    /// Anything else, in libssl's words.
    case library(String)
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .certificate(let failure): failure.description
        case .alert(let number): "the peer refused the connection: \(Self.alertText(number)) (alert \(number))"
        case .notTLS: "the peer does not speak TLS"
        case .noCommonVersion: "the peer speaks neither TLS 1.2 nor TLS 1.3 as configured"
        case .noCommonCipher: "the peer offers no cipher suite in common"
        case .brokenRecord: "a TLS record did not decrypt"
        case .truncated: "the connection ended without close_notify"
        case .timedOut: "the TLS handshake took too long"
        case .notEstablished: "the TLS session is not established"
        case .library(let text): text
        }
    }

    private static func alertText(_ number: UInt8) -> String {
        SSL_alert_desc_string_long(Int32(number)).map { String(cString: $0) } ?? "unknown"
    }
}

extension TLSError {
    /// The error that libssl left in this thread's queue, which is emptied.
    static func fromLibrary() -> TLSError {
        // The first entry is the cause, later ones its consequences; but what a cipher reports before libssl does says less.
        let first = ERR_get_error()
        guard first != 0 else { return .truncated }
        var code = first
        while code != 0, causeway_error_is_ssl(code) == 0 { code = ERR_get_error() }
        ERR_clear_error()
        guard code != 0 else { return .library(libraryText(first)) }
        let reason = causeway_error_reason(code)
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNKNOWN_PROTOCOL:
            return .notTLS
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_NO_PROTOCOLS_AVAILABLE,
            SSL_R_WRONG_SSL_VERSION:
            return .noCommonVersion
        case SSL_R_NO_SHARED_CIPHER:
            return .noCommonCipher
        case SSL_R_DECRYPTION_FAILED, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_BAD_RECORD_TYPE,
            SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_DATA_LENGTH_TOO_LONG, SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
            return .brokenRecord
        default:
            // Alerts of the peer are numbered from here.
            if reason > SSL_AD_REASON_OFFSET, let alert = UInt8(exactly: reason - SSL_AD_REASON_OFFSET) { return .alert(alert) }
            return .library(libraryText(code))
        }
    }

    /// libssl's text for an error code.
    static func libraryText(_ code: UInt = ERR_get_error()) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "unknown error \(code)"
    }
}

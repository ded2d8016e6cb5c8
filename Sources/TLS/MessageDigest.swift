internal import COpenSSL

/// libcrypto's hashes that the shells need.
package enum MessageDigest {
    /// SHA-256, 32 bytes.
    package static func sha256(_ message: [UInt8]) -> [UInt8] { digest(message, EVP_sha256(), byteCount: 32) }

    /// SHA-1, 20 bytes. It proves nothing; the WebSocket handshake wants it (RFC 6455 §4.2.2).
    package static func sha1(_ message: [UInt8]) -> [UInt8] { digest(message, EVP_sha1(), byteCount: 20) }

    private static func digest(_ message: [UInt8], _ algorithm: OpaquePointer?, byteCount: Int) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        let isDone = EVP_Digest(message, message.count, &digest, nil, algorithm, nil) == 1
        precondition(isDone, "libcrypto lacks a hash that every build of it has")
        return digest
    }
}

internal import Foundation
internal import TLS

/// The opening handshake of a WebSocket (RFC 6455 §4.2.2).
package enum WebSocketHandshake {
    /// The value of `Sec-WebSocket-Accept` for a request's key.
    package static func accept(key: String) -> String {
        Data(MessageDigest.sha1(Array((key + identifier).utf8))).base64EncodedString()
    }

    private static let identifier = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
}

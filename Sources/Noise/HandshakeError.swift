/// Why a handshake message was refused.
package enum HandshakeError: Error, Equatable {
    /// Too short, or too long.
    case malformed
    /// It does not open: forged, damaged, for another key, or made under another prologue.
    case authenticationFailed
    /// A public key in it has low order.
    case lowOrderKey
}

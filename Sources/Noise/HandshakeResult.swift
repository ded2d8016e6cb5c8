/// What both sides hold once a handshake is through.
package struct HandshakeResult: Sendable {
    /// Encrypts what this side sends.
    package let sendKey: [UInt8]
    /// Decrypts what the other side sends.
    package let receiveKey: [UInt8]
    /// The same on both sides and for no other handshake (Noise §11.2).
    package let hash: [UInt8]
    /// What the last message carried.
    package let payload: [UInt8]
}

package import CryptoBox
package import Wire

/// The initiator between its message and the answer: `-> e, es, s, ss` has been written (Noise §7.5, pattern IK).
///
/// It can only read the response. It is a value, and a response that does not open leaves it as it was: a forged one does
/// not spoil the handshake.
package struct PendingInitiation: Sendable {
    /// The message to send.
    package let message: [UInt8]

    private let symmetric: SymmetricState
    private let local: NodePrivateKey
    private let ephemeral: NodePrivateKey

    /// Writes the first message to `peer`, with a payload that only `peer` can read.
    ///
    /// `ephemeral` must be fresh, and used for this handshake alone.
    package init(
        to peer: NodeKey, from local: NodePrivateKey, ephemeral: NodePrivateKey, prologue: [UInt8], payload: [UInt8]
    ) throws(HandshakeError) {
        var symmetric = SymmetricState(prologue: prologue)
        symmetric.mixHash(peer.bytes)
        let key = ephemeral.publicKey.bytes
        symmetric.mixHash(key)
        try symmetric.mixKey(ephemeral, peer)
        let identity = symmetric.encryptAndHash(local.publicKey.bytes)
        try symmetric.mixKey(local, peer)
        message = key + identity + symmetric.encryptAndHash(payload)
        self.symmetric = symmetric
        self.local = local
        self.ephemeral = ephemeral
    }

    /// Reads the response `<- e, ee, se`, which begins at `offset` of `bytes`.
    package func finish(_ bytes: RawSpan, at offset: Int = 0) throws(HandshakeError) -> HandshakeResult {
        var reader = ByteReader(bytes, at: offset)
        guard let key = try? NodeKey(from: &reader) else { throw .malformed }  // Too short is malformed.
        var symmetric = symmetric
        symmetric.mixHash(key.bytes)
        try symmetric.mixKey(ephemeral, key)
        try symmetric.mixKey(local, key)
        let payload = try symmetric.decryptAndHash(reader.readRest())
        let keys = symmetric.split()
        return HandshakeResult(
            sendKey: keys.forward, receiveKey: keys.backward, hash: symmetric.hash, payload: payload)
    }
}

package import CryptoBox
package import Wire

/// The responder between the initiator's message and its answer: `-> e, es, s, ss` has been read and has opened.
///
/// The initiator has proved that it holds the private key of `peer`; that the message is fresh it has not (Noise §7.7):
/// the caller refuses an old timestamp, and a peer that it does not expect. All that can be done next is to respond.
package struct ReceivedInitiation: Sendable {
    /// The initiator's static key.
    package let peer: NodeKey
    /// What the message carried.
    package let payload: [UInt8]

    private let symmetric: SymmetricState
    private let peerEphemeral: NodeKey

    /// Reads the first message, which begins at `offset` of `bytes`.
    package init(
        _ bytes: RawSpan, at offset: Int = 0, to local: NodePrivateKey, prologue: [UInt8]
    ) throws(HandshakeError) {
        var reader = ByteReader(bytes, at: offset)
        guard let key = try? NodeKey(from: &reader),  // Too short is malformed.
            let identity = try? reader.readBytes(NodeKey.byteCount + AEAD.tagByteCount)
        else { throw .malformed }
        var symmetric = SymmetricState(prologue: prologue)
        symmetric.mixHash(local.publicKey.bytes)
        symmetric.mixHash(key.bytes)
        try symmetric.mixKey(local, key)
        guard let peer = NodeKey(try symmetric.decryptAndHash(identity)) else { throw .malformed }
        try symmetric.mixKey(local, peer)
        payload = try symmetric.decryptAndHash(reader.readRest())
        self.peer = peer
        self.symmetric = symmetric
        peerEphemeral = key
    }

    /// Writes the response `<- e, ee, se`; `ephemeral` must be fresh, and used for this handshake alone.
    package func respond(
        ephemeral: NodePrivateKey, payload: [UInt8]
    ) throws(HandshakeError) -> (message: [UInt8], result: HandshakeResult) {
        var symmetric = symmetric
        let key = ephemeral.publicKey.bytes
        symmetric.mixHash(key)
        try symmetric.mixKey(ephemeral, peerEphemeral)
        try symmetric.mixKey(ephemeral, peer)
        let message = key + symmetric.encryptAndHash(payload)
        let keys = symmetric.split()
        let result = HandshakeResult(
            sendKey: keys.backward, receiveKey: keys.forward, hash: symmetric.hash, payload: self.payload)
        return (message, result)
    }
}

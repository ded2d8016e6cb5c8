package import CryptoBox
package import Wire

/// The sealed form of a disco message, as it travels by UDP and by relay.
///
/// ```
/// 0        6                  38        62
/// +--------+------------------+---------+-------------------------+
/// | magic  | sender disco key | nonce   | box: tag 16, message …  |
/// +--------+------------------+---------+-------------------------+
/// ```
package enum Packet {
    /// "TS💬" in UTF-8: what tells disco from other datagrams on the same socket.
    package static let magic: [UInt8] = [0x54, 0x53, 0xf0, 0x9f, 0x92, 0xac]

    /// Magic, key and nonce: a shorter packet is not disco.
    package static let headerByteCount = 62

    /// Tells by length and magic alone whether bytes are meant as disco.
    package static func looksLikeDisco(_ bytes: RawSpan) -> Bool {
        bytes.byteCount >= headerByteCount && bytes.matches(magic)
    }

    /// The disco key that a packet claims to come from, nil if it is not disco. Only opening the box proves the claim.
    package static func sender(of bytes: RawSpan) -> DiscoKey? {
        guard looksLikeDisco(bytes) else { return nil }
        var reader = ByteReader(bytes, at: magic.count)
        return try? DiscoKey(from: &reader)  // 62 bytes are there: it cannot fail.
    }
}

extension Message {
    /// Seals the message into a whole packet from `sender`, under the secret it shares with the receiver.
    package func seal(
        from sender: DiscoKey, with secret: SharedSecret, using random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        Packet.magic + sender.bytes + secret.seal(encoded, using: &random)
    }

    /// Opens a packet; nil when it is not disco, not authentic, or not a message that can be read.
    package init?(opening packet: RawSpan, with secret: SharedSecret) {
        guard Packet.looksLikeDisco(packet) else { return nil }
        let sealed = packet.copy(Packet.magic.count + DiscoKey.byteCount..<packet.byteCount)
        guard let plaintext = secret.open(sealed.bytes), let message = try? Message(parsing: plaintext.bytes) else { return nil }
        self = message
    }
}

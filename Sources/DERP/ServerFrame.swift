internal import CryptoBox
package import Wire

/// The frames a server sends, each appended whole to a writer.
package enum ServerFrame {
    /// What `serverKey` begins with: `DERP🔑`.
    static let magic: [UInt8] = [0x44, 0x45, 0x52, 0x50, 0xf0, 0x9f, 0x94, 0x91]

    /// ```
    /// magic 8 | server's key 32
    /// ```
    package static func writeServerKey(_ key: NodeKey, to writer: inout ByteWriter) {
        FrameHeader(.serverKey, payloadCount: magic.count + NodeKey.byteCount).write(to: &writer)
        writer.write(magic)
        key.write(to: &writer)
    }

    /// ```
    /// nonce 24 | box of the JSON
    /// ```
    static func writeServerInfo(
        _ info: ServerInfo, sealedWith secret: SharedSecret, using random: inout some RandomNumberGenerator,
        to writer: inout ByteWriter
    ) {
        let sealed = secret.seal(info.json, using: &random)
        FrameHeader(.serverInfo, payloadCount: sealed.count).write(to: &writer)
        writer.write(sealed)
    }

    /// ```
    /// source key 32 | data
    /// ```
    package static func writeReceivedPacket(from source: NodeKey, _ data: RawSpan, to writer: inout ByteWriter) {
        writeReceivedPacketPrefix(from: source, dataCount: data.byteCount, to: &writer)
        writer.write(data)
    }

    /// Header and source key of a `receivedPacket`; `dataCount` bytes have to follow.
    package static func writeReceivedPacketPrefix(from source: NodeKey, dataCount: Int, to writer: inout ByteWriter) {
        FrameHeader(.receivedPacket, payloadCount: NodeKey.byteCount + dataCount).write(to: &writer)
        source.write(to: &writer)
    }

    package static func writeKeepAlive(to writer: inout ByteWriter) {
        FrameHeader(.keepAlive, payloadCount: 0).write(to: &writer)
    }

    /// ```
    /// key 32 | reason 1
    /// ```
    package static func writePeerGone(_ key: NodeKey, _ reason: PeerGoneReason, to writer: inout ByteWriter) {
        FrameHeader(.peerGone, payloadCount: NodeKey.byteCount + 1).write(to: &writer)
        key.write(to: &writer)
        writer.write(reason.code)
    }

    /// ```
    /// key 32 | IPv6 or mapped IPv4 address 16 | port 2 | flags 1
    /// ```
    package static func writePeerPresent(
        _ key: NodeKey, at endpoint: Endpoint, _ flags: PresenceFlags, to writer: inout ByteWriter
    ) {
        FrameHeader(.peerPresent, payloadCount: NodeKey.byteCount + Endpoint.wireByteCount + 1).write(to: &writer)
        key.write(to: &writer)
        endpoint.write(to: &writer)
        writer.write(flags.rawValue)
    }

    /// The answer to a ping: its first eight bytes.
    package static func writePong(_ echo: UInt64, to writer: inout ByteWriter) {
        FrameHeader(.pong, payloadCount: 8).write(to: &writer)
        writer.write(echo)
    }

    /// What is wrong with the connection, in words for its user; an empty text says that all is well again.
    package static func writeHealth(_ problem: String, to writer: inout ByteWriter) {
        let text = Array(problem.utf8)
        FrameHeader(.health, payloadCount: text.count).write(to: &writer)
        writer.write(text)
    }

    /// Announces a restart: when to reconnect, and for how long to try; whole milliseconds.
    package static func writeRestarting(
        reconnectIn delay: Duration, tryFor patience: Duration, to writer: inout ByteWriter
    ) {
        FrameHeader(.restarting, payloadCount: 8).write(to: &writer)
        writer.write(UInt32(clamping: delay.nanoseconds / 1_000_000))
        writer.write(UInt32(clamping: patience.nanoseconds / 1_000_000))
    }
}

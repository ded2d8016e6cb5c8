internal import CryptoBox
package import Wire

/// The frames a client sends, each appended whole to a writer.
package enum ClientFrame {
    /// ```
    /// client's key 32 | nonce 24 | box of the JSON
    /// ```
    static func writeClientInfo(
        _ info: ClientInfo, from key: NodeKey, sealedWith secret: SharedSecret,
        using random: inout some RandomNumberGenerator, to writer: inout ByteWriter
    ) {
        let sealed = secret.seal(info.json, using: &random)
        FrameHeader(.clientInfo, payloadCount: NodeKey.byteCount + sealed.count).write(to: &writer)
        key.write(to: &writer)
        writer.write(sealed)
    }

    /// ```
    /// destination key 32 | data
    /// ```
    package static func writeSendPacket(to destination: NodeKey, _ data: RawSpan, to writer: inout ByteWriter) {
        precondition(data.byteCount <= Limits.maximumPacketCount, "a packet holds at most 64 KiB")
        FrameHeader(.sendPacket, payloadCount: NodeKey.byteCount + data.byteCount).write(to: &writer)
        destination.write(to: &writer)
        writer.write(data)
    }

    /// Tells the server whether it is the client's home.
    package static func writeNotePreferred(_ isPreferred: Bool, to writer: inout ByteWriter) {
        FrameHeader(.notePreferred, payloadCount: 1).write(to: &writer)
        writer.write(isPreferred ? 1 : 0 as UInt8)
    }

    package static func writePing(_ echo: UInt64, to writer: inout ByteWriter) {
        FrameHeader(.ping, payloadCount: 8).write(to: &writer)
        writer.write(echo)
    }

    package static func writePong(_ echo: UInt64, to writer: inout ByteWriter) {
        ServerFrame.writePong(echo, to: &writer)
    }

    /// Asks, with the mesh key, for the presence of every client.
    package static func writeWatchConnections(to writer: inout ByteWriter) {
        FrameHeader(.watchConnections, payloadCount: 0).write(to: &writer)
    }

    /// ```
    /// source key 32 | destination key 32 | data
    /// ```
    package static func writeForwardPacket(
        from source: NodeKey, to destination: NodeKey, _ data: RawSpan, to writer: inout ByteWriter
    ) {
        precondition(data.byteCount <= Limits.maximumPacketCount, "a packet holds at most 64 KiB")
        FrameHeader(.forwardPacket, payloadCount: 2 * NodeKey.byteCount + data.byteCount).write(to: &writer)
        source.write(to: &writer)
        destination.write(to: &writer)
        writer.write(data)
    }

    /// Asks, with the mesh key, to close the connections of `key`.
    package static func writeClosePeer(_ key: NodeKey, to writer: inout ByteWriter) {
        FrameHeader(.closePeer, payloadCount: NodeKey.byteCount).write(to: &writer)
        key.write(to: &writer)
    }
}

internal import Wire

/// Where the parts of a packet frame lie, for a relay that rewrites the frame where it stands.
///
/// A `sendPacket` becomes a `receivedPacket` of the same length: type and key are overwritten. A `forwardPacket` becomes one that is a key
/// shorter: header and source key are written over the last 37 bytes in front of its data.
package enum PacketLayout {
    /// Header and one key: what stands in front of the data of `sendPacket` and `receivedPacket`.
    package static let prefixCount = FrameHeader.byteCount + NodeKey.byteCount
    /// The offset of the destination of a `sendPacket` and of the source of a `receivedPacket`.
    package static let keyOffset = FrameHeader.byteCount
    /// Header and two keys: what stands in front of the data of a `forwardPacket`.
    package static let forwardPrefixCount = FrameHeader.byteCount + 2 * NodeKey.byteCount
}

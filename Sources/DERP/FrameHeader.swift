package import Wire

/// What stands in front of every DERP frame.
///
/// ```
/// 0      1            5
/// +------+------------+-----------------+
/// | type | length  BE | payload …       |
/// +------+------------+-----------------+
/// ```
/// The length counts the payload only. Any type and any length can be read: what they mean is the machines' matter.
package struct FrameHeader: Hashable, Sendable {
    /// The header's length in bytes.
    @inlinable package static var byteCount: Int { 5 }

    /// The type byte as sent, known or not.
    package let rawType: UInt8
    /// The payload's length in bytes, 0…2³²−1.
    package let payloadCount: Int

    @inlinable
    package init(rawType: UInt8, payloadCount: Int) {
        self.rawType = rawType
        self.payloadCount = payloadCount
    }

    package init(_ type: FrameType, payloadCount: Int) {
        self.init(rawType: type.rawValue, payloadCount: payloadCount)
    }

    /// Reads the five bytes at `offset`, or answers nil while they are not all there.
    @inlinable
    package init?(_ bytes: RawSpan, at offset: Int = 0) {
        guard let rawType = bytes.uint8(at: offset), let length = bytes.uint32(at: offset &+ 1) else { return nil }
        self.init(rawType: rawType, payloadCount: Int(length))
    }

    /// The type, or nil for one that this version does not know: such a frame is skipped by its length.
    package var type: FrameType? { FrameType(rawValue: rawType) }

    /// The length of header and payload.
    @inlinable package var frameCount: Int { Self.byteCount &+ payloadCount }

    /// Appends the five bytes; the payload has to follow.
    package func write(to writer: inout ByteWriter) {
        writer.write(rawType)
        writer.write(UInt32(clamping: payloadCount))
    }
}

internal import Wire

/// Puts bytes into WebSocket frames, as a server: unmasked, each frame a whole message.
enum WebSocketEncoder {
    /// The largest message sent. Common client libraries refuse larger ones unless told otherwise.
    static let maximumMessageCount = 32 << 10
    /// The longest head of a message of that size.
    static let maximumHeadCount = 4

    /// Writes the head of a message of `count` bytes to `pointer`; answers its length.
    static func writeHead(_ opcode: WebSocketOpcode, count: Int, to pointer: UnsafeMutablePointer<UInt8>) -> Int {
        pointer[0] = 0x80 | opcode.rawValue
        guard count > 125 else {
            pointer[1] = UInt8(truncatingIfNeeded: count)
            return 2
        }
        pointer[1] = 126
        pointer[2] = UInt8(truncatingIfNeeded: count >> 8)
        pointer[3] = UInt8(truncatingIfNeeded: count)
        return 4
    }

    /// Appends a control frame; its payload is at most 125 bytes.
    static func write(_ opcode: WebSocketOpcode, _ payload: [UInt8], to writer: inout ByteWriter) {
        writer.write(0x80 | opcode.rawValue)
        writer.write(UInt8(truncatingIfNeeded: payload.count))
        writer.write(payload)
    }

    /// Appends a close frame with a code.
    static func writeClose(_ code: UInt16, to writer: inout ByteWriter) {
        write(.close, [UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code)], to: &writer)
    }
}

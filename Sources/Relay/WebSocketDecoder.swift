internal import Wire

/// Takes DERP's byte stream out of WebSocket frames (RFC 6455 §5.2), as a server: frames must be masked.
///
/// Works in place: the payload of data frames is unmasked and moved to the front of the buffer it came in. Message borders mean nothing.
/// ```
///  0               1               2 …
/// +-+---+-------+-+-------------+----------------+---------+-----------
/// |F|RSV| opcode|M| length 7    | length 16 / 64 | mask 32 | payload …
/// +-+---+-------+-+-------------+----------------+---------+-----------
/// ```
struct WebSocketDecoder {
    /// What breaks a connection, with the close code to answer (RFC 6455 §7.4.1).
    enum Failure: Error, Equatable {
        /// A client's frame without a mask, a reserved bit, opcode or order of fragments, or a bad control frame.
        case protocolError
        /// DERP speaks in binary messages.
        case textMessage
        /// A length that no memory holds.
        case tooLong

        var closeCode: UInt16 {
            switch self {
            case .protocolError: 1002
            case .textMessage: 1003
            case .tooLong: 1009
            }
        }
    }

    /// What `decode` left in the buffer.
    struct Result: Equatable {
        /// Bytes of the stream at the front of the buffer.
        var count: Int
        /// Whether the peer closes the connection: nothing follows.
        var isClosed: Bool
    }

    private enum State {
        case header
        /// Payload of a data frame.
        case data(left: UInt64)
        /// Payload of a ping, pong or close frame.
        case control(WebSocketOpcode, left: Int)
        case closed
    }

    private var state = State.header
    private var header: [UInt8] = []
    private var mask: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    /// The place in the mask of the next byte.
    private var maskOffset = 0
    /// Whether a fragmented message is open, so that a continuation may come.
    private var isFragmented = false
    private var controlPayload: [UInt8] = []

    /// Decodes `count` bytes at `buffer`; answers to control frames are appended to `replies`.
    mutating func decode(
        _ buffer: UnsafeMutablePointer<UInt8>, count: Int, replies: inout ByteWriter
    ) throws(Failure) -> Result {
        var input = 0
        var output = 0
        while input < count {
            switch state {
            case .header:
                header.append(buffer[input])
                input += 1
                try headerGrew(replies: &replies)
            case .data(let left):
                let run = Int(min(left, UInt64(count - input)))
                unmask(buffer + input, to: buffer + output, count: run)
                input += run
                output += run
                state = left == UInt64(run) ? .header : .data(left: left - UInt64(run))
            case .control(let opcode, let left):
                let run = min(left, count - input)
                unmask(buffer + input, to: buffer + input, count: run)
                controlPayload.append(contentsOf: UnsafeBufferPointer(start: buffer + input, count: run))
                input += run
                state = .control(opcode, left: left - run)
                if left == run { controlReceived(opcode, replies: &replies) }
            case .closed:
                input = count
            }
        }
        if case .closed = state { return Result(count: output, isClosed: true) }
        return Result(count: output, isClosed: false)
    }

    private mutating func headerGrew(replies: inout ByteWriter) throws(Failure) {
        guard header.count >= 2 else { return }
        guard header[1] & 0x80 != 0 else { throw .protocolError }
        let shortLength = header[1] & 0x7f
        let lengthCount = shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0
        let headerCount = 2 + lengthCount + 4
        guard header.count == headerCount else { return }
        var length = lengthCount == 0 ? UInt64(shortLength) : 0
        for byte in header[2..<2 + lengthCount] { length = length << 8 | UInt64(byte) }
        mask = (header[headerCount - 4], header[headerCount - 3], header[headerCount - 2], header[headerCount - 1])
        maskOffset = 0
        let first = header[0]
        header.removeAll(keepingCapacity: true)
        try frameBegan(first, length: length, replies: &replies)
    }

    private mutating func frameBegan(_ first: UInt8, length: UInt64, replies: inout ByteWriter) throws(Failure) {
        let isFinal = first & 0x80 != 0
        guard first & 0x70 == 0, let opcode = WebSocketOpcode(rawValue: first & 0x0f) else { throw .protocolError }
        guard length >> 63 == 0 else { throw .tooLong }
        switch opcode {
        case .text: throw .textMessage
        case .binary, .continuation:
            guard (opcode == .continuation) == isFragmented else { throw .protocolError }
            isFragmented = !isFinal
            state = length == 0 ? .header : .data(left: length)
        case .close, .ping, .pong:
            guard isFinal, length <= 125 else { throw .protocolError }
            controlPayload.removeAll(keepingCapacity: true)
            state = .control(opcode, left: Int(length))
            if length == 0 { controlReceived(opcode, replies: &replies) }
        }
    }

    private mutating func controlReceived(_ opcode: WebSocketOpcode, replies: inout ByteWriter) {
        switch opcode {
        case .ping:
            WebSocketEncoder.write(.pong, controlPayload, to: &replies)
            state = .header
        case .close:
            // The code comes back, the text does not (RFC 6455 §5.5.1).
            WebSocketEncoder.write(.close, Array(controlPayload.prefix(2)), to: &replies)
            state = .closed
        case .pong, .text, .binary, .continuation: state = .header
        }
    }

    private mutating func unmask(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int) {
        for index in 0..<count {
            let key =
                switch (maskOffset + index) & 3 {
                case 0: mask.0
                case 1: mask.1
                case 2: mask.2
                case _: mask.3
                }
            target[index] = source[index] ^ key
        }
        maskOffset = (maskOffset + count) & 3
    }
}

internal import NIOCore

/// Cuts a stream of bytes into lines without their line feeds (a carriage return before one goes too).
struct LineSplitter {
    /// A line longer than this is no line of ours.
    struct TooLong: Error {}

    /// The most bytes a line may have.
    let limit: Int
    private var buffer: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes bytes and returns the lines that they complete.
    mutating func append(_ bytes: ByteBufferView) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if buffer.last == UInt8(ascii: "\r") { buffer.removeLast() }
                lines.append(buffer)
                buffer.removeAll(keepingCapacity: true)
            } else {
                guard buffer.count < limit else { throw TooLong() }
                buffer.append(byte)
            }
        }
        return lines
    }
}

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
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try keep(rest[..<end])
            if buffer.last == UInt8(ascii: "\r") { buffer.removeLast() }
            lines.append(buffer)
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
            rest = rest[(end + 1)...]
        }
        try keep(rest)
        return lines
    }

    /// What is kept of a long line's memory for the next one.
    private static let keptCapacity = 64 << 10

    private mutating func keep(_ bytes: ByteBufferView) throws(TooLong) {
        guard buffer.count + bytes.count <= limit else { throw TooLong() }
        buffer.append(contentsOf: bytes)
    }
}

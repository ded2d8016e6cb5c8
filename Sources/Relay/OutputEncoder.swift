internal import TLS

/// Wraps the frames of one connection for its socket: WebSocket messages around them if it has these, TLS records around all.
///
/// TLS output gathers in the thread's port, clear output in a buffer of the shard.
struct OutputEncoder: ~Copyable {
    private let session: TLSSession?
    private let isWebSocket: Bool
    private let clear: UnsafeMutableRawBufferPointer
    /// Where the heads of WebSocket messages are made: the end of the clear buffer.
    private let head: UnsafeMutablePointer<UInt8>?
    /// Bytes in the clear buffer.
    private(set) var clearCount: Int
    /// Bytes given to the encoder.
    private(set) var count = 0
    /// Whether the record in work has something in it.
    private var isGathering = false

    init(_ connection: UnsafeMutablePointer<Connection>, _ clear: UnsafeMutableRawBufferPointer, count: Int) {
        session = connection.pointee.session
        isWebSocket = connection.pointee.isWebSocket
        let capacity = clear.count - WebSocketEncoder.maximumHeadCount
        self.clear = UnsafeMutableRawBufferPointer(rebasing: clear[..<capacity])
        head = clear.baseAddress.map { ($0 + capacity).assumingMemoryBound(to: UInt8.self) }
        clearCount = count
    }

    /// Adds bytes, framed as the connection's stream is, or as they are.
    mutating func add(_ bytes: UnsafeRawBufferPointer, isFramed: Bool) throws(TLSError) {
        guard isFramed, isWebSocket else {
            try append(bytes)
            return
        }
        var rest = bytes
        guard let head else { return }
        while !rest.isEmpty {
            let count = min(rest.count, WebSocketEncoder.maximumMessageCount)
            let headCount = WebSocketEncoder.writeHead(.binary, count: count, to: head)
            try append(UnsafeRawBufferPointer(start: head, count: headCount))
            try append(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Ends the record in work.
    mutating func finish() throws(TLSError) {
        if isGathering { try session?.seal() }
        isGathering = false
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
        count += bytes.count
        guard let session else {
            // The caller stops adding at a quarter of the buffer, so that the largest frame still fits.
            guard let start = bytes.baseAddress, clearCount + bytes.count <= clear.count else { return }
            clear.baseAddress?.advanced(by: clearCount).copyMemory(from: start, byteCount: bytes.count)
            clearCount += bytes.count
            return
        }
        // A full record on its own needs no copy.
        if !isGathering, bytes.count >= TLSPort.recordCapacity / 2 {
            try session.write(bytes)
            return
        }
        isGathering = true
        try session.gather(bytes)
    }
}

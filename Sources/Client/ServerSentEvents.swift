internal import NIOCore

/// One server-sent event (the HTML standard, "Server-sent events").
struct ServerSentEvent: Equatable, Sendable {
    /// The event's name; `message` when the stream names none.
    var name: String
    var data: [UInt8]
    /// The last `id` seen, this event's included.
    var id: String?
}

/// Reads a `text/event-stream`, whatever pieces it arrives in.
struct ServerSentEventParser {
    /// The most bytes of one event, in one line or in many: the snapshot of as many nodes as are taken (`PeerLimits`), with some
    /// candidates each.
    static let maximumEventByteCount = 32 << 20

    private var splitter = LineSplitter(limit: maximumEventByteCount)
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var id: String?
    /// The bytes of the event that is being read.
    private var byteCount = 0

    /// Takes bytes and returns the events that they complete. Comments, which keep the connection alive, give none.
    mutating func append(_ bytes: ByteBufferView) throws(LineSplitter.TooLong) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for line in try splitter.append(bytes) {
            if let event = try take(line) { events.append(event) }
        }
        return events
    }

    private mutating func take(_ line: [UInt8]) throws(LineSplitter.TooLong) -> ServerSentEvent? {
        guard !line.isEmpty else { return dispatch() }
        byteCount += line.count
        guard byteCount <= Self.maximumEventByteCount else { throw LineSplitter.TooLong() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        let field = String(decoding: line[..<colon], as: UTF8.self)
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch field {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id": id = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        default: break  // Comments have no name; other fields are for browsers.
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
            hasData = false
            byteCount = 0
        }
        guard hasData else { return nil }
        return ServerSentEvent(name: name.isEmpty ? "message" : name, data: data, id: id)
    }
}

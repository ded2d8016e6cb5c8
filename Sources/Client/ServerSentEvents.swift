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
    /// The longest line: the snapshot of a network of 10,000 nodes with some candidates each.
    private static let maximumLineByteCount = 64 << 20

    private var splitter = LineSplitter(limit: maximumLineByteCount)
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var id: String?

    /// Takes bytes and returns the events that they complete. Comments, which keep the connection alive, give none.
    mutating func append(_ bytes: ByteBufferView) throws -> [ServerSentEvent] {
        try splitter.append(bytes).compactMap { take($0) }
    }

    private mutating func take(_ line: [UInt8]) -> ServerSentEvent? {
        guard !line.isEmpty else { return dispatch() }
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
        }
        guard hasData else { return nil }
        return ServerSentEvent(name: name.isEmpty ? "message" : name, data: data, id: id)
    }
}

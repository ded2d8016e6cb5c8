internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// One HTTP request to the server, over a connection of its own.
struct HTTPExchange: Sendable {
    /// The longest answer taken whole.
    static let maximumBodyByteCount = 4 << 20

    /// A request's parts.
    struct Request: Sendable {
        var method: HTTPMethod
        var path: String
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
    }

    /// An answer, whole.
    struct Response: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    /// The connection closed before the answer was whole, or the answer was no HTTP.
    enum Failure: Error {
        case connectionClosed
        case tooLong
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    let dialer: ServerDialer
    /// How long the server may say nothing before the connection is closed; nil for ever.
    var silence: TimeAmount?

    /// Sends a request and takes the whole answer.
    func send(_ request: Request, timeout: Duration = .seconds(10)) async throws -> Response {
        try await withTimeout(timeout) {
            try await stream(request) { head, body in
                Response(
                    status: Int(head.status.code), headers: head.headers,
                    body: try await body.whole(upTo: Self.maximumBodyByteCount))
            }
        }
    }

    /// Times one exchange over a connection that stands already, and tells which address the server was reached by.
    func roundTrip(path: String, timeout: Duration = .seconds(10)) async throws -> (time: Duration, server: IPAddress?) {
        try await withTimeout(timeout) {
            return try await withConnection { connection, inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                var time = Duration.zero
                // The first exchange carries the handshakes of TCP and TLS.
                for _ in 0..<2 {
                    let start = Instant.now
                    try await outbound.write(.head(head(of: Request(method: .GET, path: path))))
                    try await outbound.write(.end(nil))
                    while let part = try await parts.next() {
                        if case .end = part { break }
                    }
                    time = Instant.now - start
                }
                let remote = dialer.isDirect ? connection.channel.remoteAddress : nil
                return (time, remote.flatMap(Endpoint.init(socketAddress:))?.address)
            }
        }
    }

    /// Sends a request and hands head and body to `take` as they come.
    func stream<Value: Sendable>(
        _ request: Request, take: @Sendable (HTTPResponseHead, Body) async throws -> Value
    ) async throws -> Value {
        try await withConnection { _, inbound, outbound in
            try await outbound.write(.head(head(of: request)))
            if !request.body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: request.body)))) }
            try await outbound.write(.end(nil))
            var parts = inbound.makeAsyncIterator()
            while let part = try await parts.next() {
                // Interim answers (1xx) come before the one that counts.
                guard case .head(let head) = part, head.status.code >= 200 else { continue }
                return try await take(head, Body(parts: parts))
            }
            throw Failure.connectionClosed
        }
    }

    /// Lets `body` use a new connection, which is closed behind it. What TLS failed with comes before what followed from that.
    private func withConnection<Value: Sendable>(
        _ body: (
            Connection, NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
            NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
        ) async throws -> Value
    ) async throws -> Value {
        let secured = try await connect()
        do {
            return try await secured.output.executeThenClose { try await body(secured.output, $0, $1) }
        } catch {
            try await secured.isEstablished.get()
            throw error
        }
    }

    private func connect() async throws -> ServerDialer.Secured<Connection> {
        try await dialer.connect { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            if let silence {
                try channel.pipeline.syncOperations.addHandlers(IdleStateHandler(readTimeout: silence), SilenceHandler())
            }
            return try Connection(wrappingChannelSynchronously: channel)
        }
    }

    private func head(of request: Request) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path)
        head.headers.add(name: "Host", value: dialer.server.authority)
        head.headers.add(name: "User-Agent", value: "causeway")
        for (name, value) in request.headers { head.headers.add(name: name, value: value) }
        if !request.body.isEmpty || request.method == .POST || request.method == .PUT {
            head.headers.add(name: "Content-Length", value: "\(request.body.count)")
        }
        return head
    }

    /// An answer's body in the pieces it arrives in.
    struct Body: AsyncSequence {
        fileprivate let parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

        func makeAsyncIterator() -> Iterator { Iterator(parts: parts) }

        /// All of it. Throws `Failure.tooLong` when there is more than `limit` bytes.
        func whole(upTo limit: Int) async throws -> [UInt8] {
            var bytes: [UInt8] = []
            for try await part in self {
                guard bytes.count + part.readableBytes <= limit else { throw HTTPExchange.Failure.tooLong }
                bytes.append(contentsOf: part.readableBytesView)
            }
            return bytes
        }

        struct Iterator: AsyncIteratorProtocol {
            fileprivate var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

            mutating func next() async throws -> ByteBuffer? {
                while let part = try await parts.next() {
                    switch part {
                    case .body(let bytes): return bytes
                    case .end: return nil
                    case .head: continue
                    }
                }
                throw HTTPExchange.Failure.connectionClosed
            }
        }
    }
}

/// Closes a connection that the idle handler in front of it finds silent.
private final class SilenceHandler: ChannelInboundHandler {
    typealias InboundIn = Any

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

internal import NIOCore
package import NIOHTTP1
internal import NIOPosix
package import TLS

/// Why a request got no answer.
package enum HTTPClientError: Error, Equatable {
    case invalidURL(String)
    case connectFailed(String)
    case timedOut
    case responseTooLarge
    case closedEarly
}

/// A client for the few requests that the server and its own command line make: one request a connection, bounded in time and size.
package struct HTTPClient: Sendable {
    package enum Target: Sendable, Equatable {
        case tcp(host: String, port: Int, tls: Bool)
        case unixSocket(path: String)
    }

    package struct Answer: Sendable, Equatable {
        package let status: Int
        package let headers: HTTPHeaders
        package let body: [UInt8]
    }

    private let target: Target
    private let tls: TLSContext?

    /// - Parameter tls: needed for a `tcp` target with `tls`.
    package init(target: Target, tls: TLSContext? = nil) {
        self.target = target
        self.tls = tls
    }

    /// Sends one request and reads the answer to its end.
    package func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = [], timeout: Duration,
        maximumByteCount: Int
    ) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask { try await exchange(method, path, headers, body, maximumByteCount) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw HTTPClientError.timedOut
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw HTTPClientError.timedOut }
            return answer
        }
    }

    private func exchange(
        _ method: String, _ path: String, _ headers: [(String, String)], _ body: [UInt8], _ maximumByteCount: Int
    ) async throws -> Answer {
        let connection = try await connect()
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path)
        head.headers.add(name: "Host", value: hostHeader)
        head.headers.add(name: "Connection", value: "close")
        if !body.isEmpty || method != "GET" { head.headers.add(name: "Content-Length", value: String(body.count)) }
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        let parts: [HTTPClientRequestPart] =
            [.head(head)] + (body.isEmpty ? [] : [.body(.byteBuffer(ByteBuffer(bytes: body)))]) + [.end(nil)]
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(contentsOf: parts)
            var head: HTTPResponseHead?
            var received: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let received): head = received
                case .body(let buffer):
                    guard received.count + buffer.readableBytes <= maximumByteCount else {
                        throw HTTPClientError.responseTooLarge
                    }
                    received.append(contentsOf: buffer.readableBytesView)
                case .end:
                    guard let head else { throw HTTPClientError.closedEarly }
                    return Answer(status: Int(head.status.code), headers: head.headers, body: received)
                }
            }
            throw HTTPClientError.closedEarly
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func connect() async throws -> Connection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(5))
        do {
            switch target {
            case .unixSocket(let path):
                return try await bootstrap.connect(unixDomainSocketPath: path) { Self.prepare($0, tls: nil) }
            case .tcp(let host, let port, let isTLS):
                let tls = isTLS ? tls.map { ($0, TLSPeer(host: host)) } : nil
                return try await bootstrap.connect(host: host, port: port) { Self.prepare($0, tls: tls) }
            }
        } catch {
            throw HTTPClientError.connectFailed("\(error)")
        }
    }

    private static func prepare(_ channel: any Channel, tls: (TLSContext, TLSPeer)?) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            if let (context, peer) = tls {
                try channel.pipeline.syncOperations.addHandler(TLSClientHandler(context: context, to: peer))
            }
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            return try Connection(wrappingChannelSynchronously: channel)
        }
    }

    private var hostHeader: String {
        switch target {
        case .unixSocket: "localhost"
        case .tcp(let host, let port, _): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

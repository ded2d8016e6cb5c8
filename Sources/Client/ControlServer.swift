internal import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Answers programs of the same user over a Unix socket: one request per connection, then reply lines.
struct ControlServer: Sendable {
    /// The longest request line.
    private static let maximumRequestByteCount = 16 << 10
    /// Connections served at once; more wait.
    private static let backlog: CInt = 16

    /// Fulfils one request; cancelled when the program hangs up.
    typealias Responder = @Sendable (ControlRequest, _ reply: @Sendable (ControlReply) async throws -> Void) async throws -> Void
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let listener: NIOAsyncChannel<Connection, Never>

    /// Binds the socket, with a mode that lets only its owner in.
    init(path: String, on eventLoop: any EventLoop) async throws(NodeFailure) {
        do {
            listener = try await ServerBootstrap(group: eventLoop)
                .serverChannelOption(.backlog, value: Self.backlog)
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
                    channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
                }
        } catch {
            throw NodeFailure(.failed, "cannot listen on \(path): check the folder's owner and mode (\(error))")
        }
        chmod(path, 0o600)
    }

    /// Serves until cancelled.
    func run(_ respond: @escaping Responder) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask {
                        // A program that hangs up or sends nonsense is its own problem.
                        try? await Self.serve(connection, respond)
                    }
                }
            }
        }
    }

    private static func serve(_ connection: Connection, _ respond: @escaping Responder) async throws {
        try await connection.executeThenClose { inbound, outbound in
            let (lines, line) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingOldest(1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { line.finish() }
                    var splitter = LineSplitter(limit: maximumRequestByteCount)
                    for try await bytes in inbound {
                        for complete in try splitter.append(bytes.readableBytesView) { line.yield(complete) }
                    }
                }
                group.addTask {
                    guard let first = await lines.first(where: { _ in true }) else { return }
                    try await answer(first, outbound, respond)
                }
                // Whichever ends first ends the other: the request is fulfilled, or the program has hung up.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func answer(
        _ line: [UInt8], _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ respond: Responder
    ) async throws {
        let send: @Sendable (ControlReply) async throws -> Void = { reply in
            var bytes = ByteBuffer(bytes: try JSONEncoder().encode(reply))
            bytes.writeInteger(UInt8(ascii: "\n"))
            try await outbound.write(bytes)
        }
        do {
            let request: ControlRequest
            do {
                request = try JSONDecoder().decode(ControlRequest.self, from: Data(line))
            } catch {
                throw NodeFailure(.invalidArgument, "the node does not know this request: use a causeway of the same version")
            }
            try await respond(request, send)
            try await send(.done)
        } catch let failure as NodeFailure {
            try await send(.failed(failure))
        }
    }
}

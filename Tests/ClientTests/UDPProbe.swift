import NIOCore
import NIOPosix
import Traversal
import Wire

@testable import Client

/// A direct socket on an event loop of its own, with all that comes in as a stream.
actor UDPProbe {
    private nonisolated let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    nonisolated let inputs: AsyncStream<DirectSocket.Input>
    private let input: AsyncStream<DirectSocket.Input>.Continuation
    private var socket: DirectSocket?

    init() {
        (inputs, input) = AsyncStream.makeStream()
    }

    func bind(_ id: SocketID = SocketID(0), _ wanted: WantedSocket = WantedSocket(family: .ipv4)) throws -> LocalSocket {
        let socket = try DirectSocket(id, wanted, on: eventLoop) { hasErrors in
            self.assumeIsolated { $0.read(hasErrors: hasErrors) }
        }
        self.socket = socket
        return socket.local
    }

    func send(_ bytes: [UInt8], to endpoint: Endpoint, timeToLive: UInt8? = nil) throws {
        try socket?.send(bytes, to: endpoint, timeToLive: timeToLive)
    }

    func close() {
        socket?.close()
    }

    private func read(hasErrors: Bool) {
        socket?.read(hasErrors: hasErrors) { input.yield($0) }
    }

    /// The datagrams as text.
    nonisolated var texts: some AsyncSequence<String, Never> {
        inputs.compactMap { input in
            guard case .datagram(let bytes, _) = input else { return nil }
            return String(buffer: bytes)
        }
    }
}

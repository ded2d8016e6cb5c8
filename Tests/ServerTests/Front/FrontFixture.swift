import DERP
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Server
import Synchronization
import TLS
import Testing
import Wire

@testable import Relay

/// A front with an HTTP server that tells what it got, and a relay that echoes, on a loopback port.
final class FrontFixture: Sendable {
    let front: FrontChannel
    let context: CurrentTLSContext?
    let relay = EchoRelay()
    private let listener: NIOAsyncChannel<FrontChannel.Value, Never>
    private let serving: Task<Void, any Error>

    static let sharedIdentity = Result { try TLSIdentity.selfSigned(names: ["relay.example"], addresses: []) }
    static var serverKey: NodeKey { get throws { try #require(NodeKey([UInt8](repeating: 9, count: 32))) } }

    init(isTLS: Bool = true, limits: FrontLimits = FrontLimits(), trustedProxies: [AddressPrefix] = []) async throws {
        context = try isTLS ? CurrentTLSContext(TLSContext(server: Self.sharedIdentity.get(), relayKey: Self.serverKey)) : nil
        let http = HTTP1Channel(responder: { request, writer, _ in
            let body = try await request.body.collect(upTo: 4 << 20)
            let text = "\(request.method) \(request.uri.path) \(body.readableBytes)."
            let head = HTTPResponse(
                status: request.uri.path == "/derp" ? .upgradeRequired : .ok,
                headerFields: [.contentLength: "\(text.utf8.count)"])
            try await writer.write(response: head, body: .init(byteBuffer: ByteBuffer(string: text)))
        })
        let front = try FrontChannel(
            http: http, tls: context, serverKey: Self.serverKey, limits: limits, trustedProxies: trustedProxies
        ) { [relay] adoption in
            relay.adopt(adoption)
        }
        self.front = front
        let logger = Logger(label: "front") { _ in SwiftLogNoOpLogHandler() }
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0) { front.setup(channel: $0, logger: logger) }
        self.listener = listener
        serving = Task {
            try await withThrowingDiscardingTaskGroup { group in
                try await listener.executeThenClose { inbound in
                    for try await value in inbound {
                        group.addTask { await front.handle(value: value, logger: logger) }
                    }
                }
            }
        }
    }

    var port: Int { listener.channel.localAddress?.port ?? 0 }

    func stop() async throws {
        try await listener.channel.close().get()
        serving.cancel()
        _ = await serving.result
    }

    /// Waits until the statistics say so; gives up after ten seconds.
    func eventually(_ condition: (FrontStatistics) -> Bool) async throws -> Bool {
        for _ in 0..<1000 {
            if condition(front.statistics) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    // MARK: Clients

    /// What a client does, in order.
    enum Step: Sendable {
        case send([UInt8])
        /// Waits until so many bytes have come in all.
        case receive(Int)
        /// Waits until the bytes that have come end so.
        case receiveUntil(String)
        case receiveToEnd
        /// Lets time pass, for deadlines that must not strike.
        case pause(Duration)
    }

    static func client(_ version: TLSVersion = .tls13) throws -> TLSContext {
        try TLSContext(clientTrusting: [], usesSystemRoots: false, versions: version...version)
    }

    /// Connects, does the steps and returns all bytes that came.
    func converse(_ steps: [Step], version: TLSVersion = .tls13, identity: TLSIdentity? = nil) async throws -> [UInt8] {
        let tls = try context == nil ? nil : Self.client(version)
        let peer = try TLSPeer(host: "relay.example", proof: .pin((identity ?? Self.sharedIdentity.get()).certificate.pin))
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(TLSClientHandler(context: tls, to: peer)) }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var received: [UInt8] = []
            var iterator = inbound.makeAsyncIterator()
            func receive(until isEnough: ([UInt8]) -> Bool) async throws {
                while !isEnough(received), let buffer = try await iterator.next() { received += buffer.readableBytesView }
            }
            for step in steps {
                switch step {
                case .send(let bytes): try await outbound.write(ByteBuffer(bytes: bytes))
                case .receive(let count): try await receive { $0.count >= count }
                case .receiveUntil(let text): try await receive { $0.suffix(text.utf8.count).elementsEqual(text.utf8) }
                case .receiveToEnd: try await receive { _ in false }
                case .pause(let duration): try await Task.sleep(for: duration)
                }
            }
            return received
        }
    }
}

/// Takes connections over as a shard would, each on a thread of its own: sends the reply and `greeting`, then echoes.
final class EchoRelay: Sendable {
    struct Seen: Equatable, Sendable {
        var isWebSocket: Bool
        var isNotIdeal: Bool
        var unreadCount: Int
        var source = IPAddress(127, 0, 0, 1)
    }

    static let greeting = Array("server key".utf8)
    private let state = Mutex<[Seen]>([])

    var seen: [Seen] { state.withLock { $0 } }

    func adopt(_ adoption: Adoption) {
        let isWebSocket = if case .webSocket = adoption.framing { true } else { false }
        let seen = Seen(
            isWebSocket: isWebSocket, isNotIdeal: adoption.isNotIdeal, unreadCount: adoption.unread.count,
            source: adoption.source.address)
        state.withLock { $0.append(seen) }
        Thread.detachNewThread {
            guard let descriptor = adoption.takeDescriptor() else { return }
            try? Self.serve(descriptor, adoption)  // A client that is gone ends the thread.
        }
    }

    private static func serve(_ descriptor: consuming OwnedDescriptor, _ adoption: Adoption) throws {
        let number = descriptor.number
        let port = TLSPort()
        if case .tls(let session) = adoption.transport { session.attach(to: port) }
        func send(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            if case .tls(let session) = adoption.transport {
                try bytes.withUnsafeBytes { try session.write($0) }
                rest = Array(port.output)[...]
                port.clearOutput()
            }
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    wait(number, POLLOUT)
                } else {
                    return
                }
            }
        }
        try send(adoption.reply + greeting)
        if !adoption.unread.isEmpty { try send(adoption.unread) }
        var chunk = [UInt8](repeating: 0, count: 32 << 10)
        let plaintext = UnsafeMutableRawBufferPointer.allocate(
            byteCount: TLSSession.plaintextCapacity(forCiphertext: chunk.count), alignment: 1)
        defer { plaintext.deallocate() }
        while true {
            wait(number, POLLIN)
            let count = recv(number, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN { continue }
            guard count > 0 else { break }
            guard case .tls(let session) = adoption.transport else {
                try send(Array(chunk[..<count]))
                continue
            }
            let reading = try chunk.withUnsafeBytes {
                try session.receive(UnsafeRawBufferPointer(rebasing: $0[..<count]), into: plaintext)
            }
            if reading.count > 0 { try send(Array(plaintext[..<reading.count])) }
            if reading.outcome == .peerClosed { break }
        }
        _ = descriptor.number
    }

    private static func wait(_ number: Int32, _ event: Int32) {
        var poll = pollfd(fd: number, events: Int16(event), revents: 0)
        _ = Glibc.poll(&poll, 1, 10_000)
    }
}

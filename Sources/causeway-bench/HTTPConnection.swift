internal import CLinux
internal import Foundation
internal import Glibc
internal import TLS
internal import Wire

/// A kept-alive HTTP/1.1 connection with blocking calls; it stays on the thread that made it.
final class HTTPConnection {
    struct Response {
        var status: Int
        var body: [UInt8]
    }

    let descriptor: Int32
    private let authority: String
    private let session: TLSSession?
    private let port: TLSPort
    private var buffer: [UInt8] = []
    private let scratch: UnsafeMutableRawBufferPointer

    private static let chunkCount = 16 << 10
    private static let headEnd = Array("\r\n\r\n".utf8)

    /// - Parameter port: shared by the thread's connections.
    init(_ login: LoginPlan, port: TLSPort) throws {
        authority = login.authority
        self.port = port
        descriptor = try Sockets.connect(to: login.endpoint)
        scratch = .allocate(byteCount: TLSSession.plaintextCapacity(forCiphertext: Self.chunkCount), alignment: 16)
        guard let context = login.context, let peer = login.peer else {
            session = nil
            return
        }
        let session = try TLSSession(client: context, to: peer, port: port)
        self.session = session
        try session.handshake()
        try sendOutput()
        while !session.isEstablished { try receive() }
    }

    deinit {
        close(descriptor)
        scratch.deallocate()
    }

    /// Sends a request and waits for the answer, whose length has to be announced.
    func send(_ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8] = []) throws -> Response {
        try begin(method, path, headers: headers, body: body)
        let head = try readHead()
        let count = head.contentLength
        while buffer.count < count { try receive() }
        defer { buffer.removeFirst(count) }
        return Response(status: head.status, body: Array(buffer[..<count]))
    }

    /// Sends a request whose answer has no end, and waits for its head; answers the status.
    func open(_ path: String, headers: [String: String]) throws -> Int {
        try begin("GET", path, headers: headers, body: [])
        return try readHead().status
    }

    /// Takes what has come of an endless answer without waiting.
    func takeAvailable() throws -> [UInt8] {
        _ = try receive(isBlocking: false)
        defer { buffer = [] }
        return buffer
    }

    private func begin(_ method: String, _ path: String, headers: [String: String], body: [UInt8]) throws {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: \(authority)\r\nContent-Length: \(body.count)\r\n"
        if !body.isEmpty { text += "Content-Type: application/json\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        try write(Array(text.utf8) + Array("\r\n".utf8) + body)
    }

    private func readHead() throws -> (status: Int, contentLength: Int) {
        var end = buffer.firstRange(of: Self.headEnd)
        while end == nil {
            try receive()
            end = buffer.firstRange(of: Self.headEnd)
        }
        let bounds = end ?? 0..<0
        let lines = String(decoding: buffer[..<bounds.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        buffer.removeFirst(bounds.upperBound)
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let length = lines.lazy.map { $0.lowercased() }.first { $0.hasPrefix("content-length:") }
        return (status, length.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0)
    }

    // MARK: - Bytes

    private func write(_ bytes: [UInt8]) throws {
        guard let session else { return try transmit(bytes) }
        try bytes.withUnsafeBytes { bytes in try session.write(bytes) }
        try sendOutput()
    }

    private func sendOutput() throws {
        let output = Array(port.output)
        port.clearOutput()
        try transmit(output)
    }

    private func transmit(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else {
                guard errno == EAGAIN || errno == ENOTCONN else { throw SocketError("send") }
                wait(for: POLLOUT)
            }
        }
    }

    @discardableResult
    private func receive(isBlocking: Bool = true) throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: Self.chunkCount)
        var count = recv(descriptor, &chunk, chunk.count, 0)
        while count < 0, errno == EAGAIN {
            guard isBlocking else { return false }
            wait(for: POLLIN)
            count = recv(descriptor, &chunk, chunk.count, 0)
        }
        guard count > 0 else { throw count == 0 ? BenchFailure("the server closed the connection") : SocketError("recv") }
        guard let session else {
            buffer += chunk[..<count]
            return true
        }
        try chunk.withUnsafeBytes { bytes in
            var reading = try session.receive(UnsafeRawBufferPointer(rebasing: bytes[..<count]), into: scratch)
            buffer += scratch[..<reading.count]
            while reading.outcome == .hasMore {
                reading = try session.read(into: scratch)
                buffer += scratch[..<reading.count]
            }
        }
        try sendOutput()
        return true
    }

    private func wait(for event: Int32) {
        var waiting = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        poll(&waiting, 1, 10_000)
    }
}

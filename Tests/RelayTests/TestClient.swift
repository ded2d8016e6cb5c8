import CryptoBox
import DERP
import Glibc
import Relay
import TLS
import Wire

/// A relay client of the tests: blocking calls with a time limit, one event at a time.
final class TestClient {
    /// An event with its data copied out.
    enum Event: Equatable {
        case packet(from: NodeKey, [UInt8])
        case other(ClientConnection.Event)
        /// The relay closed the connection.
        case closed
    }

    let key: NodePrivateKey
    let socket: TestSocket
    private let tls: TestTLS.Session?
    private let isWebSocket: Bool
    private var connection: ClientConnection
    private var webSocketInput: [UInt8] = []
    private(set) var controlFrames: [(opcode: UInt8, payload: [UInt8])] = []
    /// The length of the longest WebSocket message received.
    private(set) var longestMessage = 0
    private var isClosed = false
    private var random = SeededGenerator(.random(in: 0 ... .max))

    init(_ socket: TestSocket, _ tls: TestTLS.Session?, isWebSocket: Bool, key: NodePrivateKey, info: ClientInfo) {
        self.socket = socket
        self.tls = tls
        self.isWebSocket = isWebSocket
        self.key = key
        connection = ClientConnection(key, info: info, at: .zero)
    }

    var publicKey: NodeKey { key.publicKey }

    /// Waits until the relay has taken the login.
    @discardableResult
    func logIn(within seconds: Double = 5) throws -> ServerInfo {
        guard case .other(.serverInfo(let info))? = try next(within: seconds) else { throw TestFailure("no login") }
        return info
    }

    // MARK: - Sending

    func send(_ data: [UInt8], to destination: NodeKey) throws {
        var writer = ByteWriter()
        ClientFrame.writeSendPacket(to: destination, data.bytes, to: &writer)
        try send(writer.bytes)
    }

    func send(_ write: (inout ByteWriter) -> Void) throws {
        var writer = ByteWriter()
        write(&writer)
        try send(writer.bytes)
    }

    /// Sends stream bytes, wrapped as the connection is.
    func send(_ bytes: [UInt8]) throws {
        try sendWrapped(isWebSocket ? Self.masked(2, bytes) : bytes)
    }

    /// Sends a WebSocket frame of any kind.
    func sendFrame(_ opcode: UInt8, _ payload: [UInt8], isMasked: Bool = true) throws {
        try sendWrapped(Self.masked(opcode, payload, isMasked: isMasked))
    }

    private func sendWrapped(_ bytes: [UInt8]) throws {
        guard let tls else { return try socket.send(bytes) }
        try bytes.withUnsafeBytes { try tls.session.write($0) }
        let output = Array(tls.port.output)
        tls.port.clearOutput()
        try socket.send(output)
    }

    /// Sends what fits into the socket without waiting; answers how much that was.
    func sendWithoutWaiting(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { max(0, Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))) }
    }

    // MARK: - Receiving

    /// The next event; nil when none comes in time.
    func next(within seconds: Double = 5) throws -> Event? {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            var writer = ByteWriter()
            let event = try connection.nextEvent(at: .zero, using: &random, to: &writer)
            if writer.count > 0 { try send(writer.bytes) }
            switch event {
            case .packet(let source, let range)?: return .packet(from: source, Array(connection.buffer[range]))
            case let event?: return .other(event)
            case nil: break
            }
            guard !isClosed else { return .closed }
            let left = end - ContinuousClock.now
            guard left > .zero else { return nil }
            try receive(within: left)
        }
    }

    /// The next event that is no keep-alive and no health text; nil when none comes in time.
    func nextPacket(within seconds: Double = 5) throws -> (source: NodeKey, data: [UInt8])? {
        while let event = try next(within: seconds) {
            if case .packet(let source, let data) = event { return (source, data) }
            if event == .closed { return nil }
        }
        return nil
    }

    /// Whether the relay closes the connection in time, whatever else comes before.
    func isClosed(within seconds: Double) throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try next(within: seconds) == .closed { return true }
        }
        return false
    }

    private func receive(within time: Duration) throws {
        var descriptor = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, Int32(clamping: time.nanoseconds / 1_000_000 + 1)) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = buffer.withUnsafeMutableBytes { recv(socket.number, $0.baseAddress, $0.count, 0) }
        guard count > 0 else {
            isClosed = true
            return
        }
        var bytes = Array(buffer[..<count])
        if let tls { bytes = try decrypt(bytes, tls) }
        if isWebSocket { bytes = unframe(bytes) }
        connection.receive(bytes.bytes, at: .zero)
    }

    private func decrypt(_ bytes: [UInt8], _ tls: TestTLS.Session) throws -> [UInt8] {
        var plaintext = [UInt8](repeating: 0, count: TLSSession.plaintextCapacity(forCiphertext: bytes.count))
        let reading = try bytes.withUnsafeBytes { bytes in
            try plaintext.withUnsafeMutableBytes { try tls.session.receive(bytes, into: $0) }
        }
        tls.port.clearOutput()
        if reading.outcome == .peerClosed { isClosed = true }
        return Array(plaintext[..<reading.count])
    }

    // MARK: - WebSocket, the client's side

    static func masked(_ opcode: UInt8, _ payload: [UInt8], isMasked: Bool = true, isFinal: Bool = true) -> [UInt8] {
        var writer = ByteWriter()
        writer.write((isFinal ? 0x80 : 0) | opcode)
        let bit: UInt8 = isMasked ? 0x80 : 0
        if payload.count < 126 {
            writer.write(bit | UInt8(payload.count))
        } else if payload.count < 65_536 {
            writer.write(bit | 126)
            writer.write(UInt16(payload.count))
        } else {
            writer.write(bit | 127)
            writer.write(UInt64(payload.count))
        }
        guard isMasked else {
            writer.write(payload)
            return writer.bytes
        }
        let mask: [UInt8] = [0x12, 0xab, 0x00, 0xff]
        writer.write(mask)
        writer.write(payload.enumerated().map { $1 ^ mask[$0 & 3] })
        return writer.bytes
    }

    private func unframe(_ bytes: [UInt8]) -> [UInt8] {
        webSocketInput += bytes
        var stream: [UInt8] = []
        while webSocketInput.count >= 2 {
            let short = Int(webSocketInput[1] & 0x7f)
            let lengthCount = short == 126 ? 2 : short == 127 ? 8 : 0
            guard webSocketInput.count >= 2 + lengthCount else { break }
            let length = lengthCount == 0 ? short : webSocketInput[2..<2 + lengthCount].reduce(0) { $0 << 8 | Int($1) }
            guard webSocketInput.count >= 2 + lengthCount + length else { break }
            let payload = Array(webSocketInput[2 + lengthCount..<2 + lengthCount + length])
            let opcode = webSocketInput[0] & 0x0f
            webSocketInput.removeFirst(2 + lengthCount + length)
            if opcode == 2 {
                longestMessage = max(longestMessage, length)
                stream += payload
            } else {
                controlFrames.append((opcode, payload))
            }
        }
        return stream
    }
}

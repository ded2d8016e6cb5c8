import TLS
import Testing
import Wire

/// A client's and a server's session that talk through memory, each with a port of its own.
final class SessionPair {
    let client: TLSSession
    let server: TLSSession
    var clientPort = TLSPort()
    var serverPort = TLSPort()
    /// Ciphertext on its way, so that a test can cut, change or hold it.
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []

    init(client: TLSContext, server: TLSContext, peer: TLSPeer) throws {
        self.client = try TLSSession(client: client, to: peer, port: clientPort)
        self.server = try TLSSession(server: server, port: serverPort)
    }

    /// Runs the handshake; `chunk` bytes go over at a time.
    func handshake(chunk: Int = .max) throws {
        try client.handshake()
        collect()
        while !toServer.isEmpty || !toClient.isEmpty {
            if !toServer.isEmpty { #expect(try deliverToServer(chunk: chunk).isEmpty) }
            if !toClient.isEmpty { #expect(try deliverToClient(chunk: chunk).isEmpty) }
        }
        try #require(client.isEstablished && server.isEstablished)
    }

    /// Takes the output of both ports.
    func collect() {
        toServer += clientPort.output
        clientPort.clearOutput()
        toClient += serverPort.output
        serverPort.clearOutput()
    }

    func deliverToServer(chunk: Int = .max) throws -> [UInt8] {
        defer { collect() }
        let bytes = toServer
        toServer = []
        return try server.read(bytes, chunk: chunk, port: serverPort) { self.collect() }
    }

    func deliverToClient(chunk: Int = .max) throws -> [UInt8] {
        defer { collect() }
        let bytes = toClient
        toClient = []
        return try client.read(bytes, chunk: chunk, port: clientPort) { self.collect() }
    }
}

extension TLSSession {
    /// Feeds ciphertext in pieces of `chunk` bytes and returns all plaintext.
    func read(_ ciphertext: [UInt8], chunk: Int = .max, port: TLSPort, between: () -> Void = {}) throws -> [UInt8] {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 5000, alignment: 1)
        defer { scratch.deallocate() }
        var plaintext: [UInt8] = []
        var rest = ciphertext[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(chunk))
            rest = rest.dropFirst(piece.count)
            try piece.withUnsafeBytes { bytes in
                var reading = try receive(bytes, into: scratch)
                plaintext += scratch[..<reading.count]
                while reading.outcome == .hasMore {
                    reading = try read(into: scratch)
                    plaintext += scratch[..<reading.count]
                }
            }
            between()
        }
        return plaintext
    }

    func write(_ plaintext: [UInt8]) throws {
        try plaintext.withUnsafeBytes { try write($0) }
    }

    func gather(_ piece: [UInt8]) throws {
        try piece.withUnsafeBytes { try gather($0) }
    }
}

/// A certificate for `relay.example` and 192.0.2.1 that all tests share: making one costs a key.
enum Fixture {
    static let identity = Result { try TLSIdentity.selfSigned(names: ["relay.example"], addresses: [IPAddress(192, 0, 2, 1)]) }
    static let relayKey = NodeKey([UInt8](repeating: 7, count: 32))

    static var pin: CertificatePin { get throws { try identity.get().certificate.pin } }
    static var pinned: TLSPeer { get throws { try TLSPeer(host: "relay.example", proof: .pin(pin)) } }

    static func server(_ versions: ClosedRange<TLSVersion> = .tls12 ... .tls13) throws -> TLSContext {
        try TLSContext(server: identity.get(), relayKey: relayKey, versions: versions)
    }

    static func client(
        _ versions: ClosedRange<TLSVersion> = .tls12 ... .tls13, trusting roots: [Certificate] = [], protocols: [String] = []
    ) throws -> TLSContext {
        try TLSContext(clientTrusting: roots, usesSystemRoots: false, protocols: protocols, versions: versions)
    }

    static func pair(_ version: TLSVersion = .tls13, peer: TLSPeer? = nil, trusting roots: [Certificate] = []) throws
        -> SessionPair
    {
        try SessionPair(
            client: client(version...version, trusting: roots), server: server(), peer: peer ?? pinned)
    }

    /// Bytes that are not all the same.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed)
        return random.bytes(count)
    }
}

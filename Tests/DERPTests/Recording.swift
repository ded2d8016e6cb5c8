import CryptoBox
import DERP
import VectorSupport
import Wire

/// A recorded connection between the Go client and the Go server.
struct Recording: Decodable, Sendable {
    struct Frame: Decodable, Sendable {
        let from: String
        let type: UInt8
        let payload: String
        let opened: String?
    }

    let clientPrivate: String
    let serverPrivate: String
    let bytesClientToServer: String
    let bytesServerToClient: String
    let payloadClientToServer: String?
    let payloadServerToClient: String?
    let meshKey: String?
    let frames: [Frame]

    static let names = [
        "login", "login-fast-start", "session-alice", "session-bob", "mesh-watcher", "mesh-carol", "mesh-bob", "keep-alive",
        "websocket",
    ]

    static func load(_ name: String) throws -> Recording {
        try Vector.load("derp/\(name).json")
    }

    /// What the client sent behind the HTTP head, out of its WebSocket messages if there were any.
    var clientStream: [UInt8] { payloadClientToServer.map(hex) ?? Self.behindHead(hex(bytesClientToServer)) }

    /// What the server sent behind the HTTP head, which it left out under fast start.
    var serverStream: [UInt8] {
        if let payloadServerToClient { return hex(payloadServerToClient) }
        let bytes = hex(bytesServerToClient)
        return bytes.starts(with: Array("HTTP".utf8)) ? Self.behindHead(bytes) : bytes
    }

    func frames(from side: String) -> [Frame] { frames.filter { $0.from == side } }

    func clientKey() throws -> NodePrivateKey { try privateKey(clientPrivate) }

    func serverKey() throws -> NodePrivateKey { try privateKey(serverPrivate) }

    /// The server's identity, with the mesh key that all recordings of a mesh share.
    func identity() throws -> ServerConnection.Identity {
        ServerConnection.Identity(serverKey: try serverKey(), meshKey: meshKey.flatMap { MeshKey($0) })
    }

    private static func behindHead(_ bytes: [UInt8]) -> [UInt8] {
        let end: [UInt8] = [13, 10, 13, 10]
        for index in bytes.indices.dropLast(3) where bytes[index..<index + 4].elementsEqual(end) {
            return Array(bytes[(index + 4)...])
        }
        return []
    }
}

struct MissingKey: Error {}

func privateKey(_ text: String) throws -> NodePrivateKey {
    guard let key = NodePrivateKey(hex(text)) else { throw MissingKey() }
    return key
}

func nodeKey(_ text: String) throws -> NodeKey {
    guard let key = NodeKey(untyped: text) else { throw MissingKey() }
    return key
}

/// The bytes of a vector's hexadecimal text; text that is none fails the test that compares them.
func hex(_ text: String) -> [UInt8] { Hexadecimal.decode(text) ?? [] }

/// What stands in for the system's random source in these tests.
func testRandom() -> SeededGenerator { SeededGenerator(7) }

// `#require` cannot take a borrowed span, so that these stand for it.

func nodeKey(in payload: [UInt8], at offset: Int) throws -> NodeKey {
    guard let key = NodeKey(payload.bytes, at: offset) else { throw MissingKey() }
    return key
}

func header(of bytes: [UInt8]) throws -> FrameHeader {
    guard let header = FrameHeader(bytes.bytes) else { throw EndOfBytes() }
    return header
}

func word(of payload: [UInt8]) throws -> UInt64 {
    guard let word = payload.bytes.uint64(at: 0) else { throw EndOfBytes() }
    return word
}

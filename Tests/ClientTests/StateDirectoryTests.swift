import Coordination
import CryptoBox
import Foundation
import Testing
import Wire

@testable import Client

@Suite struct StateDirectoryTests {
    let folder: TemporaryFolder
    let directory: StateDirectory

    init() throws {
        folder = try TemporaryFolder()
        directory = StateDirectory(folder.path + "/node")
        try directory.create()
    }

    @Test func theStateSurvivesARoundTripAndIsItsOwnersOnly() throws {
        let state = Self.state
        try directory.save(state)
        let loaded = try #require(try directory.load())
        #expect(loaded.nodeKey.publicKey == state.nodeKey.publicKey)
        #expect(loaded.discoKey.publicKey == state.discoKey.publicKey)
        #expect(loaded.server == state.server)
        #expect(loaded.name == "alice")
        #expect(loaded.token == Self.token)
        #expect(loaded.stunServers == state.stunServers)
        #expect(try Self.mode(of: directory.stateFilePath) == 0o600)
        #expect(try Self.mode(of: directory.path) == 0o700)
    }

    @Test func savingAgainReplacesTheFile() throws {
        var state = Self.state
        try directory.save(state)
        state.name = "bob"
        try directory.save(state)
        #expect(try directory.load()?.name == "bob")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["node.json"])
    }

    @Test func thereIsNoStateBeforeTheFirstJoin() throws {
        #expect(try directory.load() == nil)
        let failure = #expect(throws: NodeFailure.self) { try NodeState.load(for: NodeOptions(state: directory)) }
        #expect(failure?.kind == .invalidArgument)
    }

    @Test func aDamagedFileIsNamedAndKept() throws {
        try "{".write(toFile: directory.stateFilePath, atomically: false, encoding: .utf8)
        let failure = #expect(throws: NodeFailure.self) { try directory.load() }
        #expect(failure?.message.contains(directory.stateFilePath) == true)
        #expect(FileManager.default.fileExists(atPath: directory.stateFilePath))
    }

    @Test func twoNodesCannotShareAFolder() throws {
        let lock = try directory.lock()
        let failure = #expect(throws: NodeFailure.self) { try directory.lock() }
        #expect(failure?.message.contains("already running") == true)
        lock.release()
        try directory.lock().release()
    }

    @Test func tooLongASocketPathIsRefused() {
        let deep = StateDirectory("/tmp/" + String(repeating: "d", count: 120))
        #expect(throws: NodeFailure.self) { try deep.controlSocketPath() }
    }

    @Test func aLineOfTheSameServerKeepsTheToken() throws {
        try directory.save(Self.state)
        let (state, key) = try NodeState.load(for: NodeOptions(state: directory, joinLine: Self.line(port: 443)))
        #expect(state.token == Self.token)
        #expect(key != nil)
    }

    @Test func aLineOfAnotherServerKeepsOnlyTheKeys() throws {
        try directory.save(Self.state)
        let (state, _) = try NodeState.load(for: NodeOptions(state: directory, joinLine: Self.line(port: 444)))
        #expect(state.token == nil)
        #expect(state.server.port == 444)
        #expect(state.server.key == nil)
        #expect(state.nodeKey.publicKey == (try directory.load()?.nodeKey.publicKey))
    }

    @Test func anotherNameAsksForANewRegistration() throws {
        try directory.save(Self.state)
        let (state, _) = try NodeState.load(for: NodeOptions(state: directory, name: "carol"))
        #expect(state.name == "carol")
        #expect(state.token == nil)
    }

    @Test func aDamagedLineIsRefused() {
        let failure = #expect(throws: NodeFailure.self) {
            try NodeState.load(for: NodeOptions(state: directory, joinLine: "causeway://x"))
        }
        #expect(failure?.kind == .invalidArgument)
    }

    // MARK: - Helpers

    private static let token = BearerToken([UInt8](repeating: 7, count: 32))

    private static var state: NodeState {
        var state = NodeState(
            server: ServerAddress(host: "relay.example.net", port: 443, usesTLS: true, pin: nil, key: nil), name: "alice")
        state.token = token
        state.stunServers = [Endpoint(IPAddress(198, 51, 100, 1), 3478)]
        return state
    }

    private static func line(port: UInt16) throws -> String {
        var random = SystemRandomNumberGenerator()
        let line = JoinLine(host: "relay.example.net", port: port, joinKey: JoinKeySecret(using: &random))
        return try #require(line).secretText
    }

    private static func mode(of path: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }
}

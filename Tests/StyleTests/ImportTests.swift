import Testing

/// The arrows between the targets: a file may import what its target is allowed to know, and nothing else.
struct ImportTests {
    /// What a pure core may import: other cores, and a system library where the architecture gives it one.
    private static let cores: [String: Set<String>] = [
        "Wire": [],
        "CryptoBox": ["Wire", "CSodium"],
        "Noise": ["Wire", "CryptoBox"],
        "STUN": ["Wire"],
        "DERP": ["Wire", "CryptoBox"],
        "Disco": ["Wire", "CryptoBox"],
        "PortMapping": ["Wire"],
        "Traversal": ["Wire", "STUN", "Disco", "PortMapping"],
        "Coordination": ["Wire", "CryptoBox"],
    ]

    /// What a shell must not import: the layers beside and above it.
    private static let forbidden: [String: Set<String>] = [
        "TLS": ["DERP", "Relay", "Store", "Server", "Client", "Hummingbird", "GRDB", "NIOSSL"],
        "Relay": ["Store", "Server", "Client", "Coordination", "Hummingbird", "GRDB", "NIOCore", "NIOPosix", "NIOSSL"],
        "Store": ["Server", "Client", "Relay", "TLS", "NIOCore", "Hummingbird", "NIOSSL"],
        "Server": ["Client", "GRDB", "Traversal", "NIOSSL"],
        "Client": ["Server", "Store", "Relay", "Hummingbird", "GRDB", "NIOSSL"],
    ]

    @Test(arguments: cores.keys.sorted())
    func aCoreImportsOnlyWhatItsPlaceAllows(core: String) throws {
        let allowed = Self.cores[core] ?? []
        for file in try SourceTree.files(under: "Sources/\(core)") {
            for (module, line) in file.imports where !allowed.contains(module) {
                Issue.record("\(file.path):\(line) imports \(module), which \(core) must not know")
            }
        }
    }

    @Test(arguments: forbidden.keys.sorted())
    func aShellDoesNotReachAboveOrBesideItself(shell: String) throws {
        let forbidden = Self.forbidden[shell] ?? []
        let files = try SourceTree.files(under: "Sources/\(shell)")
        #expect(!files.isEmpty)
        for file in files {
            for (module, line) in file.imports where forbidden.contains(module) {
                Issue.record("\(file.path):\(line) imports \(module), which \(shell) must not know")
            }
        }
    }
}

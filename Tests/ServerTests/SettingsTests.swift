import Foundation
import Logging
import Testing
import Wire

@testable import Server

struct SettingsTests {
    private static let documentedFile = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Config/causeway-server.yaml")

    // MARK: The documented file

    @Test func theDocumentedFileChangesNothing() throws {
        let loader = ConfigurationLoader(file: Self.documentedFile.path)
        #expect(try loader.load() == Settings())
    }

    @Test func theDocumentedFileShowsEveryKeyWithItsDefault() throws {
        let file = try TemporaryFile(try Self.uncommented())
        #expect(try ConfigurationLoader(file: file.path).load() == Settings())
        let parsed = try ConfigurationFile(path: file.path)
        #expect(Set(parsed.lines.keys) == Set(ConfigurationKey.all.map(\.name)))
    }

    @Test(arguments: ConfigurationKey.all.compactMap { key in key.flag.map { (key.name, $0) } })
    func theDocumentedFileNamesTheFlagOfEachKey(name: String, flag: String) throws {
        let text = try String(contentsOf: Self.documentedFile, encoding: .utf8)
        #expect(text.contains("Flag: \(flag)"), "the flag of \(name) is not told")
    }

    /// The file with its settings switched on: prose stands behind "# ", settings behind "#" and nothing or two spaces.
    private static func uncommented() throws -> String {
        try String(contentsOf: documentedFile, encoding: .utf8).components(separatedBy: "\n").map { line in
            guard line.hasPrefix("#"), line.count > 1 else { return line }
            let rest = line.dropFirst()
            return rest.hasPrefix("  ") || !rest.hasPrefix(" ") ? String(rest) : ""
        }.joined(separator: "\n")
    }

    // MARK: Layers

    @Test func flagsGoOverEnvironmentOverFileOverDefaults() throws {
        let file = try TemporaryFile("name: file\ndata: /file\nlog:\n  level: debug\nadmin: 127.0.0.1:1\n")
        let settings = try ConfigurationLoader(
            flags: ["--name": ["flag"]], environment: ["CAUSEWAY_NAME": "environment", "CAUSEWAY_DATA": "/environment"],
            file: file.path
        ).load()
        #expect(settings.name == "flag")
        #expect(settings.data == "/environment")
        #expect(settings.log.level == .debug)
        #expect(settings.admin == Endpoint("127.0.0.1:1"))
        #expect(settings.stun == Settings().stun)
    }

    @Test func listsComeFromFlagsEnvironmentAndFile() throws {
        let wanted = [try #require(Endpoint("0.0.0.0:80")), try #require(Endpoint("[::1]:0"))]
        let file = try TemporaryFile("listen:\n  - 0.0.0.0:80\n  - '[::1]:0'\n")
        #expect(try ConfigurationLoader(file: file.path).load().listen == wanted)
        #expect(try ConfigurationLoader(environment: ["CAUSEWAY_LISTEN": "0.0.0.0:80, [::1]:0"]).load().listen == wanted)
        #expect(try ConfigurationLoader(flags: ["--listen": ["0.0.0.0:80", "[::1]:0"]]).load().listen == wanted)
    }

    @Test func oneValueMayStandForAList() throws {
        let file = try TemporaryFile("public-hosts: relay.example.org\n")
        #expect(try ConfigurationLoader(file: file.path).load().publicHosts == ["relay.example.org"])
    }

    @Test func anEmptyFileIsNoSettings() throws {
        let file = try TemporaryFile("")
        #expect(try ConfigurationLoader(file: file.path).load() == Settings())
        try file.write("# nothing\ntls:\n")
        #expect(try ConfigurationLoader(file: file.path).load() == Settings())
    }

    @Test func theAdminListenerCanBeTurnedOff() throws {
        #expect(try ConfigurationLoader(flags: ["--admin": ["off"]]).load().admin == nil)
    }

    // MARK: What is refused

    @Test(arguments: [
        ("listn: []\n", 1, "listn", "did you mean listen?"),
        ("name: a\nstun:\n  alternat: 1.2.3.4:5\n", 3, "stun.alternat", "did you mean stun.alternate?"),
        ("level: info\n", 1, "level", "did you mean log.level?"),
        ("completely-else: 1\n", 1, "completely-else", "Config/causeway-server.yaml lists all keys"),
        ("tls: yes\n", 1, "tls", "indent its keys below it"),
        ("name: {a: b}\n", 1, "name", "write name: VALUE"),
        ("admission:\n  mode: closed\n", 2, "admission.mode", "give registered, open, list or url"),
        ("listen: 443\n", 1, "listen", "give ADDRESS:PORT, such as 0.0.0.0:443 or [::]:443"),
        ("plain-http: perhaps\n", 1, "plain-http", "give true or false"),
        ("limits:\n  streams: 0\n", 2, "limits.streams", "give a whole number from 1 to 1000000"),
        ("relay:\n  write-timeout: 0s\n", 2, "relay.write-timeout", "give a time from 1s to 3600s, such as 15s or 5m"),
        ("name: [a, b]\n", 1, "name", "give one value"),
        ("public-hosts: ['https://x']\n", 1, "public-hosts", "give a host name or an address without port"),
        ("trusted-proxies: [10.0.0.0/33]\n", 1, "trusted-proxies", "give an address or a block such as 10.0.0.0/8"),
        ("tls:\n  certificate: a.pem\n", 2, "tls.certificate", "give both --tls-certificate and --tls-key"),
        ("admission:\n  mode: list\n", 2, "admission.mode", "name the file of node keys with --admission-list"),
        ("admission:\n  mode: url\n", 2, "admission.mode", "name it with --admission-url https://…"),
        ("node-lifetime: 5s\n", 1, "node-lifetime", "give a time from 60s"),
    ])
    func aWrongFileIsRefusedWithLineKeyAndRemedy(text: String, line: Int, key: String, remedy: String) throws {
        let file = try TemporaryFile(text)
        let error = try #require(throws: ConfigurationError.self) { try ConfigurationLoader(file: file.path).load() }
        #expect(error.origin == .file(file.path, line: line))
        #expect(error.key == key)
        #expect(error.remedy.hasPrefix(remedy), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func yamlThatDoesNotParseIsRefusedWithItsLine() throws {
        let file = try TemporaryFile("name: a\nlisten: [1\n")
        let error = try #require(throws: ConfigurationError.self) { try ConfigurationLoader(file: file.path).load() }
        guard case .file(file.path, let line?) = error.origin else {
            Issue.record("\(error) names no line")
            return
        }
        #expect((2...3).contains(line))
    }

    @Test func aFileThatIsMissingIsRefused() {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(file: "/nonexistent/causeway.yaml").load()
        }
        #expect(error?.reason == "cannot be read")
    }

    @Test func aWrongFlagAndAWrongVariableAreNamed() {
        let flag = #expect(throws: ConfigurationError.self) { try ConfigurationLoader(flags: ["--admission": ["none"]]).load() }
        #expect(flag?.origin == .flag("--admission"))
        let variable = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(environment: ["CAUSEWAY_ADMISSION_MODE": "none"]).load()
        }
        #expect(variable?.origin == .environment("CAUSEWAY_ADMISSION_MODE"))
    }

    @Test func aMisspelledVariableIsRefusedAndAForeignOneIsNot() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(environment: ["CAUSEWAY_LISTN": "1.2.3.4:5"]).load()
        }
        #expect(error?.remedy == "did you mean CAUSEWAY_LISTEN?")
        #expect(try ConfigurationLoader(environment: ["CAUSEWAY_STRICT": "1", "CAUSEWAY_BIN": "/x"]).load() == Settings())
    }

    @Test(arguments: [
        (["0.0.0.0:3478"], "192.0.2.2:3479"), (["192.0.2.1:3478"], "192.0.2.1:3479"), (["192.0.2.1:3478"], "192.0.2.2:3478"),
        (["[2001:db8::1]:3478"], "192.0.2.2:3479"), ([], "192.0.2.2:3479"),
    ])
    func aSecondSTUNAddressMustDifferInAddressAndPort(stun: [String], alternate: String) {
        var flags = ["--stun-alternate": [alternate]]
        if !stun.isEmpty { flags["--stun"] = stun }
        let loader = ConfigurationLoader(flags: flags)
        #expect(throws: ConfigurationError.self) { try loader.load() }
    }

    @Test func everyKeyHasItsOwnVariableAndFlag() {
        #expect(Set(ConfigurationKey.all.map(\.environmentVariable)).count == ConfigurationKey.all.count)
        #expect(Set(ConfigurationKey.all.compactMap(\.flag)).count == ConfigurationKey.all.count { $0.flag != nil })
        #expect(ConfigurationKey.all.first { $0.name == "stun.alternate" }?.environmentVariable == "CAUSEWAY_STUN_ALTERNATE")
    }

    @Test func theListingIsJSON() throws {
        let object = try JSONSerialization.jsonObject(with: Data(Settings().listingJSON.utf8)) as? [String: Any]
        #expect(object?.count == ConfigurationKey.all.count)
        #expect(object?["listen"] as? [String] == [])
        #expect(object?["admin"] as? String == "127.0.0.1:9478")
    }
}

/// A file that is gone with its value.
final class TemporaryFile: Sendable {
    let path: String

    init(_ text: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "causeway-\(UUID().uuidString)").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func write(_ text: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    deinit {
        // What is left in a temporary directory does no harm.
        try? FileManager.default.removeItem(atPath: path)
    }
}

internal import Coordination
internal import Foundation
internal import Testing
internal import Wire

@Suite struct JoinLineTests {
    static let key: JoinKeySecret = {
        var random = SeededGenerator(7)
        return JoinKeySecret(using: &random)
    }()

    @Test(arguments: ["relay.example.net", "203.0.113.7", "2001:db8::7", "::1", "localhost", "a-b.c_d"])
    func aLineSurvivesARoundTrip(host: String) throws {
        for port in [1, 443, 65535] as [UInt16] {
            for digest in [nil, [UInt8](repeating: 0xfb, count: 32)] {
                let line = try #require(
                    JoinLine(host: host, port: port, certificateDigest: digest, joinKey: Self.key))
                #expect(try JoinLine(parsing: line.secretText) == line)
                #expect(try JoinLine(parsing: "  \(line.secretText)\n") == line)
            }
            let plain = try #require(JoinLine(host: host, port: port, isPlainHTTP: true, joinKey: Self.key))
            #expect(try JoinLine(parsing: plain.secretText) == plain)
        }
    }

    @Test func theTextIsAsDocumented() throws {
        let line = try #require(
            JoinLine(host: "203.0.113.7", port: 443, certificateDigest: [UInt8](repeating: 0, count: 32), joinKey: Self.key))
        #expect(
            line.secretText
                == "causeway://203.0.113.7:443/\(Self.key.secretText)/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        #expect(line.certificatePin == "sha256-raw:" + String(repeating: "0", count: 64))
        #expect(Self.key.secretText.utf8.count == 47)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func noShellActsOnALine(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let line = try #require(
            JoinLine(
                host: "2001:db8::7", port: 443, certificateDigest: random.bytes(32), joinKey: JoinKeySecret(using: &random)))
        let plain = CharacterSet(
            charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._-+")
        #expect(line.secretText.unicodeScalars.allSatisfy(plain.contains))
    }

    @Test func anIPv6AddressInBracketsIsReadAsWell() throws {
        let line = try JoinLine(parsing: "causeway://[2001:db8::7]:443/\(Self.key.secretText)")
        #expect(line.host == "2001:db8::7")
        #expect(line.port == 443)
    }

    @Test(arguments: [
        ("", JoinLineError.unknownScheme), ("https://a:1/KEY", .unknownScheme), ("Causeway://a:1/KEY", .unknownScheme),
        ("causeway://", .invalidAddress), ("causeway://host/KEY", .invalidAddress), ("causeway://host:0/KEY", .invalidAddress),
        ("causeway://host:65536/KEY", .invalidAddress), ("causeway://host:+1/KEY", .invalidAddress),
        ("causeway://:443/KEY", .invalidAddress), ("causeway://a b:443/KEY", .invalidAddress),
        ("causeway://-a:443/KEY", .invalidAddress), ("causeway://a..b:443/KEY", .invalidAddress),
        ("causeway://[203.0.113.7]:443/KEY", .invalidAddress), ("causeway://[2001:db8::7:443/KEY", .invalidAddress),
        ("causeway://user@host:443/KEY", .invalidAddress), ("causeway://2001:db8::7/KEY", .invalidAddress),
        ("causeway://host:443", .invalidKey), ("causeway://host:443/", .invalidKey), ("causeway://host:443/cwj_abc", .invalidKey),
        ("causeway://host:443/KEYx", .invalidKey), ("causeway://host:443/KEY/", .invalidPin),
        ("causeway://host:443/KEY/abc", .invalidPin), ("causeway+http://host:443/KEY/PIN", .invalidPin),
        ("causeway://host:443/KEY/PIN/", .trailingCharacters), ("causeway://host:443/KEY/PIN/x", .trailingCharacters),
    ])
    func anythingElseIsRefusedWithItsReason(text: String, error: JoinLineError) {
        let pin = String(repeating: "A", count: 43)
        let line = text.replacing("KEY", with: Self.key.secretText).replacing("PIN", with: pin)
        #expect(throws: error) { try JoinLine(parsing: line) }
        #expect(!error.description.isEmpty)
    }

    @Test func aLineThatIsCutOffAnywhereIsRefused() throws {
        let text = try #require(
            JoinLine(host: "relay.example.net", port: 443, certificateDigest: [UInt8](1...32), joinKey: Self.key)
        ).secretText
        // Cut off right behind the key it is a line without a pin: that one the certificate check refuses.
        let withoutPin = text.utf8.count - 44
        for count in 0..<text.utf8.count where count != withoutPin {
            #expect(throws: JoinLineError.self) { try JoinLine(parsing: text.prefix(count)) }
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func anyBytesAreReadOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 0...80, using: &random)
        let noise = String(decoding: random.bytes(count), as: UTF8.self)
        _ = try? JoinLine(parsing: noise)
        _ = try? JoinLine(parsing: "causeway://" + noise)
        _ = try? JoinLine(parsing: "causeway://h:1/" + noise)
    }
}

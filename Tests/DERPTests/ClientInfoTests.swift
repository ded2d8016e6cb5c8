import DERP
import Testing
import Wire

struct ClientInfoTests {
    @Test(arguments: 0..<100)
    func anyInfoSurvivesARoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let name = String(
            String.UnicodeScalarView(
                (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
                    Unicode.Scalar(UInt32.random(in: 0...0x10ffff, using: &random))
                }))
        let meshKey = Bool.random(using: &random) ? MeshKey(Hexadecimal.encode(random.bytes(32))) : nil
        let info = ClientInfo(
            version: Int.random(in: 0...9, using: &random), meshKey: meshKey, canAckPings: Bool.random(using: &random),
            isProber: Bool.random(using: &random), applicationName: name)
        let parsed = try ClientInfo(json: info.json)
        #expect(parsed.version == info.version)
        #expect(parsed.meshKey?.secretText == meshKey?.secretText)
        #expect(parsed.canAckPings == info.canAckPings)
        #expect(parsed.isProber == info.isProber)
        #expect(parsed.applicationName == name)
    }

    @Test func theJSONIsThatOfTheGoClient() {
        #expect(String(decoding: ClientInfo().json, as: UTF8.self) == #"{"version":2,"CanAckPings":true}"#)
        #expect(String(decoding: ServerInfo().json, as: UTF8.self) == #"{"version":2}"#)
        #expect(
            String(decoding: ServerInfo(bytesPerSecond: 5, burstBytes: 9).json, as: UTF8.self)
                == #"{"version":2,"TokenBucketBytesPerSecond":5,"TokenBucketBytesBurst":9}"#)
    }

    @Test(arguments: [
        #"{"AppName":"a\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"}"#: "aé😀\"\\/\u{8}\u{c}\n\r\t",
        #"{"AppName":"\ud83d"}"#: "\u{fffd}",
        #"{"AppName":"\ud83dx"}"#: "\u{fffd}x",
        #"{"AppName":"\ud83d\n"}"#: "\u{fffd}\n",
        #"{"AppName":"\ud83d\u0041"}"#: "\u{fffd}A",
        #"{"AppName":"\ude00"}"#: "\u{fffd}",
        #"{"appname":"x","APPNAME":null}"#: "x",
    ])
    func aNameIsReadWithItsEscapes(json: String, name: String) throws {
        #expect(try ClientInfo(json: Array(json.utf8)).applicationName == name)
    }

    @Test func aLongNameIsCutByScalars() throws {
        let json = #"{"AppName":"e"# + String(repeating: "\u{301}", count: 100_000) + #""}"#
        let name = try ClientInfo(json: Array(json.utf8)).applicationName
        #expect(name.unicodeScalars.count == Limits.maximumApplicationNameCount)
    }

    @Test(arguments: [
        #"{"#, #"{"a"#, #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{"a":01}"#, #"{"a":-}"#, #"{"a":1.}"#, #"{"a":1e}"#,
        #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":tru}"#, #"{"a":nul}"#, #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\u123"#,
        "{\"a\":\"\n\"}",
        #"{"a":[}"#, #"{"a":[1,]}"#, #"{"a":{1:2}}"#, #"{a:1}"#, #"{"a":1}}"#, #"{"a":'b'}"#, #"{"AppName":[]}"#,
        #"{"IsProber":{}}"#,
        #"{"version":1e1}"#, #"{"version":9223372036854775808}"#,
    ])
    func malformedJSONIsRefused(json: String) {
        #expect(throws: JSONError.self) { try ClientInfo(json: Array(json.utf8)) }
    }

    @Test func nestingIsBounded() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((#"{"x":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}").utf8)
        }
        #expect(try ClientInfo(json: nested(31)).version == 0)
        #expect(throws: JSONError.self) { try ClientInfo(json: nested(32)) }
        #expect(throws: JSONError.self) { try ClientInfo(json: nested(100_000)) }
    }

    @Test func everyTruncationIsRefused() {
        let json = Array(#"{"version":2,"x":[{"a":null},-1.5e+3,false],"AppName":"\u00e9\ud83d\ude00"}"#.utf8)
        for count in 0..<json.count {
            #expect(throws: JSONError.self) { try ClientInfo(json: Array(json.prefix(count))) }
        }
    }

    @Test(arguments: 0..<200)
    func randomTextNeverTraps(seed: UInt64) {
        var random = SeededGenerator(seed)
        let alphabet = Array(#"{}[]",:\u0123eE+-.tfn version"#.utf8)
        let json = Array(#"{"version":"#.utf8) + (0..<200).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        _ = try? ClientInfo(json: json)  // Either outcome is right; only a trap is wrong.
        _ = try? ServerInfo(json: random.bytes(64))
    }

    @Test(arguments: [
        #"{"TokenBucketBytesPerSecond":-1}"#, #"{"TokenBucketBytesBurst":"1"}"#, #"{"version":true}"#, "[]", "null",
    ])
    func aServerInfoOfWrongTypesIsRefused(json: String) {
        #expect(throws: JSONError.self) { try ServerInfo(json: Array(json.utf8)) }
    }

    @Test func aServerInfoReadsItsLimitsInAnyCase() throws {
        let json = #"{"VERSION":2,"tokenbucketbytespersecond":1000,"TokenBucketBytesBurst":null,"more":[1]}"#
        #expect(try ServerInfo(json: Array(json.utf8)) == ServerInfo(bytesPerSecond: 1000))
    }
}

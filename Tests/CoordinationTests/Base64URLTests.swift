internal import Coordination
internal import Testing
internal import Wire

@Suite struct Base64URLTests {
    /// RFC 4648 §10, without the padding, and the two characters that the URL alphabet changes (§5).
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func theStandardsVectors(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test func theAlphabetIsTheURLs() {
        #expect(Base64URL.encode([0xfb, 0xff]) == "-_8")
        #expect(Base64URL.decode("-_8") == [0xfb, 0xff])
    }

    @Test(arguments: ["A", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9v", "Zm9vä", "AAAAA"])
    func otherTextIsRefused(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test(arguments: 0..<100)
    func bytesSurviveARoundTrip(count: Int) {
        var random = SeededGenerator(UInt64(count))
        let bytes = random.bytes(count)
        #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
}

import DERP
import Testing

struct MeshKeyTests {
    @Test func aKeyIsSixtyFourDigitsOfEitherCase() throws {
        let digits = String(repeating: "aB", count: 32)
        let key = try #require(MeshKey(digits))
        #expect(key.secretText == digits.lowercased())
        #expect(key.matches(try #require(MeshKey(digits.uppercased()))))
        #expect(!key.matches(try #require(MeshKey(String(repeating: "ac", count: 32)))))
        #expect(MeshKey(digits + "00") == nil)
        #expect(MeshKey(String(digits.dropLast(2))) == nil)
        #expect(MeshKey(String(repeating: "zz", count: 32)) == nil)
    }
}

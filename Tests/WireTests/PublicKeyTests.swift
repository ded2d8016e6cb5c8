import Testing
import Wire

struct PublicKeyTests {
    private let digits = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

    @Test func theTextFormCarriesThePurpose() throws {
        let key = try #require(NodeKey("nodekey:" + digits))
        #expect(key.description == "nodekey:" + digits)
        #expect(key.untypedText == digits)
        #expect(NodeKey("nodekey:" + digits.uppercased()) == key)
        #expect(NodeKey(untyped: digits) == key)
        #expect(DiscoKey("nodekey:" + digits) == nil)
    }

    @Test(arguments: ["", "nodekey:", "nodekey:12", "NODEKEY:", "nodekey:" + String(repeating: "g", count: 64)])
    func otherTextIsRefused(text: String) {
        #expect(NodeKey(text) == nil)
    }

    @Test(arguments: 0..<50)
    func bytesAndOrderAreThoseOfTheWire(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let (left, right) = (random.bytes(32), random.bytes(32))
        let (leftKey, rightKey) = (try #require(NodeKey(left)), try #require(NodeKey(right)))
        #expect(leftKey.bytes == left)
        #expect((leftKey < rightKey) == left.lexicographicallyPrecedes(right))
    }

    @Test(arguments: [0, 31, 33])
    func anotherLengthIsNoKey(count: Int) {
        #expect(NodeKey([UInt8](repeating: 1, count: count)) == nil)
    }
}

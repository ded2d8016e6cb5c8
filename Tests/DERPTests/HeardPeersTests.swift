import DERP
import Testing
import Wire

struct HeardPeersTests {
    private let alice = NodeKey([UInt8](repeating: 1, count: 32))
    private let bob = NodeKey([UInt8](repeating: 2, count: 32))

    @Test func aPeerThatWasHeardIsReportedOnceWhenItLeaves() throws {
        let (alice, bob) = (try #require(alice), try #require(bob))
        var heard = HeardPeers()
        let marks = [heard.received(from: alice), heard.received(from: alice)]
        let reports = [heard.left(bob), heard.left(alice), heard.left(alice)]
        #expect(marks == [true, false])
        #expect(reports == [false, true, false])
    }

    @Test func aPeerThatCameBackAndLeftAgainIsReportedAgain() throws {
        let alice = try #require(alice)
        var heard = HeardPeers()
        heard.received(from: alice)
        let first = heard.left(alice)
        heard.received(from: alice)
        let second = heard.left(alice)
        #expect(first && second)
    }

    @Test func onlySoManyPeersAreRemembered() throws {
        var heard = HeardPeers()
        var random = testRandom()
        for _ in 0..<HeardPeers.maximumCount + 10 { heard.received(from: try #require(NodeKey(random.bytes(32)))) }
        #expect(heard.count == HeardPeers.maximumCount)
    }
}

import TestSupport
import Testing
import Traversal
import Wire

@Suite struct DebugTests {
    @Test func debug() {
        let internet = SimulatedInternet(coreDelay: .milliseconds(2))
        let alice = Access.nat(NATKind()).host("alice", number: 1, in: internet, relayDelay: .milliseconds(5))
        let bob = Access.nat(NATKind()).host("bob", number: 2, in: internet, relayDelay: .milliseconds(5))
        var run = PairRun(internet, alice, bob, settling: .seconds(120))
        let start = run.startedAt; internet.trace = { print(internet.now - start, $0) }
        run.talk(for: .seconds(1), bothWays: false)
        print(run.timeToDirect(run.aliceToBob) as Any, run.timeToDirect(run.bobToAlice) as Any)
    }
}

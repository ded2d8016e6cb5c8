import TestSupport
import Testing
import Traversal
import Wire

@Suite struct NATPairTests {
    @Test func twoOrdinaryNATsBecomeDirect() {
        let internet = SimulatedInternet(seed: 1)
        let home = NATKind()
        let left = internet.gateway("left", in: internet.core, outerAddress: IPAddress(203, 0, 113, 1), kind: home)
        let right = internet.gateway("right", in: internet.core, outerAddress: IPAddress(203, 0, 113, 2), kind: home)
        let alice = internet.host("alice", interfaces: [(left.inner, [IPAddress(192, 168, 1, 2)])])
        let bob = internet.host("bob", interfaces: [(right.inner, [IPAddress(192, 168, 2, 2)])])
        alice.start()
        bob.start()
        internet.introduce(alice, bob)
        internet.run(for: .seconds(5))
        print(alice.local.description, bob.local.description)
        alice.send(to: bob)
        let start = internet.now
        internet.run(for: .seconds(5))
        let peer = alice.peers[bob.nodeKey]!
        print(peer.changes.map { ($0.at - start, $0.path) }, peer.agent.explanation, peer.agent.statistics)
        let other = bob.peers[alice.nodeKey]!
        print(other.changes.map { ($0.at - start, $0.path) }, other.agent.explanation, other.agent.statistics)
        #expect(peer.agent.path.isDirect)
        #expect(other.agent.path.isDirect)
    }
}

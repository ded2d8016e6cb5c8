import Testing

@testable import Coordination

struct PairVerdictTests {
    private static func side(
        _ name: String, _ nat: NATReport?, _ state: PathState? = .relayed, probes: UInt32? = nil, reason: String? = nil
    ) -> PairSide {
        let path = state.map { PathReport(peer: NodeID(rawValue: 9), state: $0, probesSent: probes, reason: reason) }
        return PairSide(id: NodeID(rawValue: 1), name: name, nat: nat, path: path)
    }

    private static func why(_ alice: NATReport?, _ bob: NATReport?, probes: UInt32? = nil) -> String? {
        PairVerdict.why(side("alice", alice, probes: probes), side("bob", bob))
    }

    private static let easy = NATReport(mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    private static let open = NATReport(mapping: .endpointIndependent, filtering: .endpointIndependent)
    private static let hard = NATReport(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)

    @Test(arguments: [
        (NATReport(isUDPBlocked: true), NATReport(isUDPBlocked: true), "UDP is blocked on both sides"),
        (NATReport(isUDPBlocked: true), hard, "UDP is blocked on alice's side"),
        (hard, NATReport(isUDPBlocked: true), "UDP is blocked on bob's side"),
        (
            NATReport(isUDPBlocked: true, hasCaptivePortal: true), NATReport(isUDPBlocked: true),
            "a captive portal on alice's side"
        ),
        (easy, NATReport(hasCaptivePortal: true), "a captive portal on bob's side"),
        (
            NATReport(hasIPv4: false, hasIPv6: true), NATReport(hasIPv4: true, hasIPv6: false),
            "alice has IPv6 only, and bob IPv4 only"
        ),
        (
            NATReport(hairpinning: false, mappedAddress: "198.51.100.7"), NATReport(mappedAddress: "198.51.100.7"),
            "both are behind the NAT 198.51.100.7, which does not turn packets around (no hairpinning)"
        ),
        (hard, hard, "both NATs map by destination; 412 probes, no answer"),
        (hard, easy, "alice's NAT maps by destination, and bob's lets in known ports only; 412 probes, no answer"),
        (easy, hard, "bob's NAT maps by destination, and alice's lets in known ports only; 412 probes, no answer"),
        (easy, easy, "both NATs should let it through; 412 probes, no answer: a firewall may drop UDP"),
        (hard, open, "both NATs should let it through; 412 probes, no answer: a firewall may drop UDP"),
    ])
    func theSentenceNamesTheCause(alice: NATReport, bob: NATReport, sentence: String) {
        #expect(Self.why(alice, bob, probes: 412) == sentence)
    }

    @Test func withoutACauseTheSidesSpeakForThemselves() {
        let (alice, bob) = (Self.side("alice", nil, reason: "no route"), Self.side("bob", nil, reason: "no answer"))
        #expect(PairVerdict.why(alice, bob) == "alice: no route; bob: no answer")
        #expect(PairVerdict.why(alice, alice) == "no route")
        #expect(PairVerdict.why(Self.side("carol", Self.easy), alice) == "no route")
    }

    @Test func aSilentSideIsNamed() {
        let alice = Self.side("alice", Self.easy, probes: 1)
        #expect(PairVerdict.why(alice, Self.side("bob", nil, nil)) == "bob has reported nothing yet; 1 probe, no answer")
        #expect(Self.why(Self.easy, Self.easy) == nil)
    }

    @Test func aDirectOrIdlePairNeedsNoReason() {
        for state in [PathState.direct, .idle] {
            #expect(PairVerdict.why(Self.side("alice", Self.hard, state), Self.side("bob", Self.hard, state)) == nil)
        }
        // Either side's relay counts.
        #expect(PairVerdict.state(Self.side("alice", nil, .direct), Self.side("bob", nil, .relayed)) == .relayed)
    }
}

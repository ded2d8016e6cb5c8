import Coordination
import Testing
import Traversal

@testable import Client

/// What peers are told of a captive portal, and what they make of it.
@Suite struct CaptivePortalTests {
    @Test(arguments: [true, false, nil])
    func peersLearnOfAPortal(isCaptive: Bool?) {
        let report = NATReport(NATBehavior(isCaptive: isCaptive), mappedAddress: nil)
        #expect(report.hasCaptivePortal == isCaptive)
        #expect(report.behavior.isCaptive == isCaptive)
    }

    @Test func thePathsReasonNamesThePeer() {
        let reason = PathReason(.captivePortal(isLocal: false), peer: "alice", here: NATReport(), there: nil)
        #expect(reason.sentence == "a captive portal on alice's side")
        #expect(reason.name == "captive-portal")
    }
}

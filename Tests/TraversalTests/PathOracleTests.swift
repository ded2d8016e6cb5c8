import TestSupport
import Testing
import Traversal
import Wire

/// The oracle against cases that are known from the literature, decided by hand.
@Suite struct PathOracleTests {
    private static func eim(_ filtering: NATKind.Dependence) -> Access { .nat(NATKind(filtering: filtering)) }

    private static func hard(_ filtering: NATKind.Dependence) -> Access {
        .nat(NATKind(mapping: .addressAndPortDependent, filtering: filtering))
    }

    /// RFC 5128 §3.3 and RFC 4787 §5: what hole punching can and cannot do.
    static let cases: [(Access, Access, Bool)] = [
        (.open, .open, true),
        (.firewall, .firewall, true),
        (eim(.addressAndPortDependent), eim(.addressAndPortDependent), true),
        (eim(.endpointIndependent), hard(.addressAndPortDependent), true),
        (eim(.addressDependent), hard(.addressAndPortDependent), true),
        (eim(.addressAndPortDependent), hard(.addressAndPortDependent), false),
        (hard(.addressAndPortDependent), hard(.addressAndPortDependent), false),
        (hard(.endpointIndependent), hard(.addressAndPortDependent), false),
        (hard(.endpointIndependent), hard(.addressDependent), true),
        (.open, hard(.addressAndPortDependent), true),
        (.firewall, hard(.addressAndPortDependent), false),
        (.open, .blocked, false),
        (.dualStack(NATKind(mapping: .addressAndPortDependent)), .dualStack(NATKind(mapping: .addressAndPortDependent)), true),
    ]

    @Test(arguments: cases)
    func knownPairsAreJudgedRight(left: Access, right: Access, isDirect: Bool) {
        let run = PairRun(left, right, settling: .zero)
        #expect(PathOracle(run.alice, run.bob).isDirect == isDirect)
        #expect(PathOracle(run.bob, run.alice).isDirect == isDirect)
    }

    @Test(
        arguments: [
            (eim(.addressAndPortDependent), eim(.addressAndPortDependent), 0),
            (eim(.addressAndPortDependent), hard(.addressDependent), 1),
            (hard(.addressDependent), hard(.addressAndPortDependent), 2), (.open, .blocked, nil),
        ] as [(Access, Access, Int?)])
    func theOracleTellsWhosePortsWouldHaveToBeGuessed(left: Access, right: Access, ports: Int?) {
        let run = PairRun(left, right, settling: .zero)
        #expect(PathOracle(run.alice, run.bob).guessedPorts == ports)
    }

    @Test(arguments: [true, false])
    func twoCustomersOfOneCarrierNeedItsHairpin(hairpins: Bool) {
        let internet = SimulatedInternet()
        let carrier = internet.gateway(
            "carrier", in: internet.core, outerAddress: IPAddress(203, 0, 113, 1), kind: NATKind(hairpins: hairpins))
        let hosts = (1...2).map { number in
            let home = internet.gateway(
                "home\(number)", in: carrier.inner, outerAddress: IPAddress(100, 64, 0, UInt8(number)), kind: NATKind())
            return internet.host(
                "host\(number)", interfaces: [(home.inner, [IPAddress(192, 168, UInt8(number), 2)])])
        }
        #expect(PathOracle(hosts[0], hosts[1]).isDirect == hairpins)
        var run = PairRun(internet, hosts[0], hosts[1])
        run.talk(for: .seconds(10))
        #expect(run.isDirect == hairpins)
        #expect(run.aliceToBob?.agent.explanation.name == (hairpins ? "direct" : "no-hairpin"))
    }

    @Test func twoHostsOfOneNetworkMeetThere() {
        let internet = SimulatedInternet()
        let home = internet.gateway(
            "home", in: internet.core, outerAddress: IPAddress(203, 0, 113, 1),
            kind: NATKind(mapping: .addressAndPortDependent))
        let hosts = (1...2).map { internet.host("host\($0)", interfaces: [(home.inner, [IPAddress(192, 168, 1, UInt8($0))])]) }
        #expect(PathOracle(hosts[0], hosts[1]).isDirect)
        var run = PairRun(internet, hosts[0], hosts[1])
        run.talk(for: .seconds(2))
        guard case .direct(let path, _, _) = run.aliceToBob?.agent.path else {
            Issue.record("not direct")
            return
        }
        #expect(path.endpoint.address == IPAddress(192, 168, 1, 2))
    }

    @Test func bothHostsMayHaveTheSamePrivateAddress() {
        let internet = SimulatedInternet()
        let hosts = (1...2).map { number in
            let home = internet.gateway(
                "home\(number)", in: internet.core, outerAddress: IPAddress(203, 0, 113, UInt8(number)), kind: NATKind())
            return internet.host("host\(number)", interfaces: [(home.inner, [IPAddress(192, 168, 1, 2)])])
        }
        var run = PairRun(internet, hosts[0], hosts[1])
        run.talk(for: .seconds(2))
        #expect(run.isDirect)
    }
}

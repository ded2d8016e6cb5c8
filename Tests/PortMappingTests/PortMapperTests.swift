import PortMapping
import Testing
import Wire

/// Which protocols are found, and which is used.
struct PortMapperTests {
    @Test
    func allProtocolsAreAskedTogether() {
        var lab = Lab(speaks: [])
        lab.start()
        let gateway = lab.gateway.address
        #expect(
            lab.sent.map(\.to) == [
                Endpoint(gateway, 5351), Endpoint(gateway, 5351), Endpoint(gateway, 1900),
                Endpoint(IPAddress(239, 255, 255, 250), 1900),
            ])
        #expect(lab.sent.allSatisfy { $0.at == .zero })
    }

    @Test
    func aSilentGatewayIsKnownAfterAQuarterOfASecond() throws {
        var lab = Lab(speaks: [])
        lab.start()
        lab.run(for: .milliseconds(249))
        #expect(lab.mapper.report.isSettled == false)
        lab.run(for: .milliseconds(1))
        #expect(lab.mapper.report.isSettled)
        let report = try #require(lab.reports.last?.report)
        #expect(MappingMethod.allCases.allSatisfy { report[$0] == .absent })
        #expect(report.failure == nil)
        #expect(lab.mappings.isEmpty)
    }

    @Test
    func aSilentGatewayIsAskedFiveTimesInFiveSecondsAndThenAfterAMinute() {
        var lab = Lab(speaks: [])
        lab.start()
        lab.run(for: .seconds(66))
        let asked = lab.sent.filter { $0.bytes == [0, 0] }.map(\.at.milliseconds)
        #expect(asked == [0, 250, 750, 1750, 3750, 65_000, 65_250, 65_750])
    }

    @Test
    func everyDeviceOnTheNetworkIsDisturbedOnlyOnce() {
        var lab = Lab(speaks: [])
        lab.start()
        lab.run(for: .seconds(10))
        let everything = lab.sent.filter {
            $0.to.address.isMulticast && String(decoding: $0.bytes, as: UTF8.self).contains("ssdp:all")
        }
        #expect(everything.map(\.at.milliseconds) == [250])
    }

    @Test(arguments: [
        ([MappingMethod.pcp, .natPMP, .upnp], MappingMethod.pcp), ([.natPMP, .upnp], .natPMP), ([.pcp, .upnp], .pcp),
        ([.pcp, .natPMP], .pcp), ([.pcp], .pcp), ([.natPMP], .natPMP), ([.upnp], .upnp),
    ])
    func theBestProtocolThatIsSpokenIsUsed(speaks: [MappingMethod], used: MappingMethod) throws {
        var lab = Lab(speaks: Set(speaks))
        lab.start()
        lab.run(for: .milliseconds(300))
        let mapping = try #require(lab.mapping)
        #expect(mapping.method == used)
        #expect(mapping.external.address == lab.gateway.external)
        #expect(mapping.internalPort == 41641)
        #expect(mapping.scope == .everywhere)
        #expect(lab.gateway.table[mapping.external.port]?.internalPort == 41641)
        for method in MappingMethod.allCases {
            #expect(lab.mapper.report[method] == (speaks.contains(method) ? .present : .absent))
        }
        #expect(lab.mapper.report.mapping == mapping)
    }

    @Test
    func aGatewayThatSpeaksAllGivesAMappingInTwoRoundTrips() {
        var lab = Lab(speaks: [.pcp, .natPMP, .upnp])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mappings.map(\.at.milliseconds) == [4])
    }

    @Test
    func aGatewayThatDeclinesPCPIsAskedByNATPMPAtOnce() {
        var lab = Lab(speaks: [.natPMP])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mappings.map(\.at.milliseconds) == [4])
        #expect(lab.mapper.report.pcp == .absent)
    }

    @Test
    func aProtocolThatIsHeardAfterARefusalIsStillUsed() {
        var lab = Lab(speaks: [.pcp])
        lab.gateway.pcpResult = 2
        lab.start()
        lab.run(for: .milliseconds(100))
        #expect(lab.mapper.report.failure == .notAuthorized)
        lab.deliver(FakeGateway.ssdpAnswer(location: lab.gateway.location), from: Endpoint(lab.gateway.address, 1900))
        lab.run(for: .milliseconds(10))
        #expect(lab.mapping?.method == .upnp)
        #expect(lab.mapper.report.failure == nil)
    }

    @Test
    func betterAnswersAreWaitedForAFewMilliseconds() {
        var lab = Lab(speaks: [.upnp])
        lab.start()
        lab.run(for: .seconds(1))
        // Answer at 2 ms, 50 ms of gathering, then description, address and rule.
        #expect(lab.mappings.map(\.at.milliseconds) == [58])
    }

    @Test
    func aLateAnswerStillGivesAMapping() {
        var lab = Lab(speaks: [.natPMP])
        lab.gateway.latency = .milliseconds(1200)
        lab.start()
        lab.run(for: .seconds(8))
        #expect(lab.mapping?.method == .natPMP)
        #expect(lab.mapper.report.natPMP == .present)
        #expect(lab.mapper.report.pcp == .absent)
    }

    @Test
    func theInternalPortIsAskedForFirst() {
        var lab = Lab(speaks: [.pcp])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.external.port == 41641)
    }

    @Test(arguments: MappingMethod.allCases)
    func thePortOfAnEarlierRunIsAskedForAgain(method: MappingMethod) {
        var lab = Lab(speaks: [method], preferredPort: 23456)
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.external.port == 23456)
    }

    @Test
    func whatTheGatewayAssignsIsUsed() {
        var lab = Lab(speaks: [.natPMP])
        lab.gateway.occupy(41641)
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.external.port == 41642)
    }

    @Test
    func aRefusalByOneProtocolLeadsToTheNext() {
        var lab = Lab(speaks: [.pcp, .natPMP, .upnp])
        lab.gateway.pcpResult = 2
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.method == .natPMP)
        #expect(lab.mapper.report.failure == nil)
        lab = Lab(speaks: [.pcp, .natPMP, .upnp])
        lab.gateway.pcpResult = 8
        lab.gateway.natPMPResult = 4
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.method == .upnp)
    }

    @Test
    func mapsWithoutAnAnswerLeadToTheNextProtocolWithinFiveSeconds() {
        var lab = Lab(speaks: [.pcp, .natPMP, .upnp])
        lab.gateway.ignoresMaps = true
        lab.start()
        lab.run(for: .seconds(5))
        #expect(lab.mapping?.method == .upnp)
        let maps = lab.sent.filter { $0.bytes.count == 60 }.map(\.at.milliseconds)
        #expect(maps == [2, 252, 752])
    }

    @Test(arguments: [
        (UInt16(2), MappingFailure.notAuthorized), (3, .networkDown), (4, .outOfResources), (5, .unsupported),
        (99, .refused(.natPMP, code: 99)),
    ])
    func natPMPRefusalsAreReportedAndNotRepeatedForAMinute(code: UInt16, failure: MappingFailure) {
        var lab = Lab(speaks: [.natPMP])
        lab.gateway.natPMPResult = code
        lab.start()
        lab.run(for: .seconds(59))
        #expect(lab.mapper.report.failure == failure)
        #expect(lab.mapper.report.natPMP == .present)
        #expect(lab.sent.filter { $0.bytes.count == 12 }.count == 1)
    }

    @Test
    func refusalsAreAskedAgainMoreAndMoreRarely() {
        var lab = Lab(speaks: [.pcp])
        lab.gateway.pcpResult = 2
        lab.start()
        lab.run(for: .seconds(4 * 3600))
        let asked = lab.sent.filter { $0.bytes.count == 60 }.map(\.at)
        let waits = zip(asked.dropFirst(), asked).map { Int(($0 - $1).inSeconds.rounded()) }
        #expect(waits.prefix(6) == [60, 120, 240, 480, 960, 1800])
        #expect(waits.dropFirst(6).allSatisfy { $0 == 1800 })
    }

    @Test
    func theTimeThatAServerNamesIsKept() {
        var lab = Lab(speaks: [.pcp])
        lab.gateway.pcpResult = 10
        lab.gateway.pcpRefusalLifetime = 900
        lab.start()
        lab.run(for: .seconds(890))
        #expect(lab.sent.filter { $0.bytes.count == 60 }.count == 1)
        #expect(lab.mapper.report.failure == .outOfResources)
        lab.run(for: .seconds(20))
        #expect(lab.sent.filter { $0.bytes.count == 60 }.count == 2)
    }

    @Test
    func aServerThatNamesForeverIsAskedAgainAfterHalfAnHour() {
        var lab = Lab(speaks: [.pcp])
        lab.gateway.pcpResult = 2
        lab.gateway.pcpRefusalLifetime = .max
        lab.start()
        lab.run(for: .seconds(1802))
        #expect(lab.sent.filter { $0.bytes.count == 60 }.count == 2)
    }

    @Test(arguments: MappingMethod.allCases)
    func anAddressInsideAnotherNATIsMappedAndReported(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.gateway.external = IPAddress(100, 64, 3, 4)
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.scope == .insideAnotherNAT)
        #expect(lab.mapper.report.externalAddress == IPAddress(100, 64, 3, 4))
        #expect(lab.mapper.report.isDoubleNAT())
    }

    @Test(arguments: MappingMethod.allCases)
    func anAddressThatLeadsNowhereIsRefused(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.gateway.external = IPAddress(0, 0, 0, 0)
        lab.start()
        lab.run(for: .seconds(6))
        #expect(lab.mapping == nil)
        #expect(lab.mapper.report.failure == .unusableAddress(IPAddress(0, 0, 0, 0)))
        #expect(lab.mapper.report.isDoubleNAT() == false)
    }

    @Test
    func aPublicAddressThatOthersDoNotSeeIsBehindAnotherNAT() {
        var lab = Lab(speaks: [.pcp])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapper.report.isDoubleNAT(seen: lab.gateway.external) == false)
        #expect(lab.mapper.report.isDoubleNAT(seen: IPAddress(198, 51, 100, 1)))
    }

    @Test
    func aGatewayThatDeniesItsPrivateAddressIsBehindAnotherNAT() {
        // As miniupnpd does: no resources by PCP, no network by NAT-PMP, an empty address by UPnP.
        var lab = Lab(speaks: [.pcp, .natPMP, .upnp])
        lab.gateway.pcpResult = 8
        lab.gateway.natPMPResult = 3
        lab.gateway.answers = { call in
            call.action == "GetExternalIPAddress" ? FakeGateway.success(call.action, ["NewExternalIPAddress": ""]) : nil
        }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping == nil)
        #expect(lab.mapper.report.failure == .networkDown)
        #expect(lab.mapper.report.isDoubleNAT() == false)
        #expect(lab.mapper.report.isDoubleNAT(seen: IPAddress(198, 51, 100, 1)))
    }

    @Test
    func aPinholeIsAskedFromAnIPv6Gateway() throws {
        let gateway = try #require(IPAddress("fe80::1"))
        let local = try #require(IPAddress("2001:db8::50"))
        var mapper = PortMapper()
        var random = SeededGenerator(1)
        var effects: [PortMapper.Effect] = []
        mapper.setRoute(
            Route(gateway: gateway, local: local, internalPort: 7), at: .zero, using: &random, effects: &effects)
        #expect(effects.first == .sendUDP(PCPRequest(.announce, client: local).encoded(), to: Endpoint(gateway, 5351)))
        #expect(mapper.report.natPMP == .absent)
        #expect(mapper.report.upnp == .absent)
        effects = []
        let announce: [UInt8] = [2, 128] + [UInt8](repeating: 0, count: 22)
        mapper.receive(announce.bytes, from: Endpoint(gateway, 5351), at: .zero, using: &random, effects: &effects)
        guard case .sendUDP(let map, _) = effects.first, map.count == 60 else {
            Issue.record("no MAP")
            return
        }
        #expect(Array(map[42..<60]) == [0, 7] + local.bytes)
        effects = []
        let answer: [UInt8] = [2, 129, 0, 0, 0, 0, 0, 120] + [UInt8](repeating: 0, count: 16) + map[24...]
        mapper.receive(answer.bytes, from: Endpoint(gateway, 5351), at: .zero, using: &random, effects: &effects)
        let mapping = Mapping(method: .pcp, external: Endpoint(local, 7), internalPort: 7)
        #expect(effects.first == .mappingChanged(mapping))
        #expect(mapping.scope == .everywhere)
    }

    @Test(arguments: [
        ("203.0.113.1", "203.0.113.9", 5), ("192.168.1.1", "192.168.1.1", 5), ("192.168.1.1", "192.168.1.50", 0),
        ("127.0.0.1", "127.0.0.1", 5), ("fe80::1", "192.168.1.50", 5), ("fe80::1", "fe80::2", 5), ("fe80::1", "fd00::2", 5),
        ("239.255.255.250", "192.168.1.50", 5),
    ])
    func gatewaysThatHaveNothingToMapAreLeftAlone(gateway: String, local: String, port: UInt16) throws {
        var lab = Lab(speaks: [])
        lab.setRoute(
            Route(gateway: try #require(IPAddress(gateway)), local: try #require(IPAddress(local)), internalPort: port))
        lab.run(for: .seconds(100))
        #expect(lab.sent.isEmpty)
        #expect(lab.mapper.report.isSettled)
        #expect(lab.mapper.nextDeadline == nil)
    }
}

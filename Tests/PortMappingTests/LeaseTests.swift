import PortMapping
import Testing
import Wire

/// What happens to a mapping in the course of time.
struct LeaseTests {
    @Test(arguments: MappingMethod.allCases)
    func aMappingIsRenewedAtHalfOfItsLife(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.start()
        lab.run(for: .seconds(3))
        let before = lab.sent.count + lab.fetches.count
        lab.run(for: .seconds(3590))
        #expect(lab.sent.count + lab.fetches.count == before)
        lab.run(for: .seconds(20))
        #expect(lab.sent.count + lab.fetches.count > before)
        lab.run(for: .seconds(4 * 3600))
        // It never changed, so that nobody was told.
        #expect(lab.mappings.count == 1)
    }

    @Test(arguments: [MappingMethod.pcp, .natPMP])
    func aShorterGrantIsRenewedSooner(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.gateway.longestLease = 120
        lab.start()
        lab.run(for: .seconds(1))
        let before = lab.sent.count
        lab.run(for: .seconds(58))
        #expect(lab.sent.count == before)
        lab.run(for: .seconds(2))
        #expect(lab.sent.count > before)
    }

    @Test
    func aGrantOfOneSecondIsRenewedNoFasterThanThat() {
        var lab = Lab(speaks: [.natPMP])
        lab.gateway.longestLease = 1
        lab.start()
        lab.run(for: .seconds(60))
        #expect(lab.sent.count < 130)
        #expect(lab.mappings.count == 1)
    }

    @Test
    func aRenewalKeepsNonceAndPort() {
        var lab = Lab(speaks: [.pcp], preferredPort: 23456)
        lab.start()
        lab.run(for: .seconds(4000))
        let maps = lab.sent.filter { $0.bytes.count == 60 }.map(\.bytes)
        #expect(maps.count == 2)
        #expect(Set(maps.map { Array($0[24..<36]) }).count == 1)
        #expect(maps.map { FakeGateway.uint16($0, 42) } == [23456, 23456])
        #expect(Array(maps[1][56..<60]) == lab.gateway.external.bytes)
    }

    @Test
    func aMappingThatIsNotRenewedIsGoneAtItsEnd() {
        var lab = Lab(speaks: [.pcp])
        lab.start()
        lab.run(for: .seconds(10))
        lab.isCut = true
        lab.run(for: .seconds(7180))
        #expect(lab.mapping != nil)
        lab.run(for: .seconds(20))
        #expect(lab.mappings.count == 2)
        #expect(lab.mapping == nil)
        // Half of the time that is left, each time.
        let renewals = lab.sent.filter { $0.bytes.count == 60 }.map { Int($0.at.milliseconds / 1000) }
        #expect(renewals.contains { (5390...5420).contains($0) })
        lab.isCut = false
        lab.run(for: .seconds(120))
        #expect(lab.mapping?.method == .pcp)
    }

    @Test
    func aRefusedRenewalLeadsToAnotherProtocol() {
        var lab = Lab(speaks: [.pcp])
        lab.start()
        lab.run(for: .seconds(10))
        lab.gateway.pcpResult = 2
        lab.gateway.speaks = [.pcp, .upnp]
        lab.refresh()
        lab.run(for: .seconds(1))
        #expect(lab.mappings.map(\.mapping?.method) == [.pcp, nil, .upnp])
        #expect(lab.mapper.report.failure == nil)
    }

    @Test(arguments: [MappingMethod.pcp, .natPMP])
    func anAnnouncedRestartMakesTheMappingAgainWithItsPort(method: MappingMethod) {
        var lab = Lab(speaks: [method], preferredPort: 23456)
        lab.start()
        lab.run(for: .seconds(1000))
        lab.gateway.restart(at: lab.now)
        #expect(lab.gateway.table.isEmpty)
        lab.deliver(
            method == .pcp
                ? [2, 128] + [UInt8](repeating: 0, count: 22) : [0, 128, 0, 0, 0, 0, 0, 0] + lab.gateway.external.bytes,
            from: Endpoint(lab.gateway.address, 5351))
        lab.run(for: .milliseconds(10))
        #expect(lab.gateway.table[23456]?.internalPort == 41641)
        #expect(lab.mappings.count == 1)
    }

    @Test(arguments: [MappingMethod.pcp, .natPMP])
    func aRestartThatARenewalFindsCostsNoFurtherRequest(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.start()
        lab.run(for: .seconds(1000))
        lab.gateway.restart(at: lab.now)
        let before = lab.sent.count
        lab.run(for: .seconds(3000))
        #expect(lab.gateway.table.values.map(\.internalPort) == [41641])
        #expect(lab.sent.count - before == (method == .pcp ? 1 : 2))
    }

    @Test
    func announcementsOfRestartsCostNoMoreThanOneRequestInFourSeconds() {
        var lab = Lab(speaks: [.natPMP])
        lab.start()
        lab.run(for: .seconds(100))
        let before = lab.sent.filter { $0.bytes.count == 12 }.count
        for round in 0..<100 {
            lab.deliver(
                [0, 128, 0, 0] + FakeGateway.big(round.isMultiple(of: 2) ? UInt32(0) : 100_000) + [203, 0, 113, 7],
                from: Endpoint(lab.gateway.address, 5351))
            lab.run(for: .milliseconds(100))
        }
        #expect(lab.sent.filter { $0.bytes.count == 12 }.count - before <= 3)
    }

    @Test
    func anotherExternalAddressIsTold() {
        var lab = Lab(speaks: [.natPMP])
        lab.start()
        lab.run(for: .seconds(10))
        lab.gateway.external = IPAddress(198, 51, 100, 9)
        lab.refresh()
        lab.run(for: .seconds(1))
        #expect(lab.mappings.compactMap(\.mapping?.external.address) == [IPAddress(203, 0, 113, 7), IPAddress(198, 51, 100, 9)])
    }

    @Test(arguments: MappingMethod.allCases)
    func closingRemovesTheMapping(method: MappingMethod) throws {
        var lab = Lab(speaks: [method])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.gateway.table.count == 1)
        lab.close()
        #expect(lab.mapping == nil)
        lab.run(for: .seconds(5))
        #expect(lab.gateway.table.isEmpty)
        #expect(lab.closedAt?.milliseconds == 1002)
        #expect(lab.mapper.nextDeadline == nil)
    }

    @Test(arguments: MappingMethod.allCases)
    func closingWaitsASecondForASilentGateway(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.start()
        lab.run(for: .seconds(1))
        lab.isCut = true
        lab.swallowsExchanges = true
        let before = lab.sent.count + lab.fetches.count
        lab.close()
        lab.run(for: .seconds(5))
        #expect(lab.closedAt?.milliseconds == 2000)
        #expect(lab.sent.count + lab.fetches.count - before == (method == .upnp ? 1 : 3))
    }

    @Test
    func closingWithoutAMappingEndsAtOnce() {
        var lab = Lab(speaks: [])
        lab.start()
        lab.close()
        #expect(lab.closedAt == .zero)
        lab.start()
        lab.run(for: .seconds(100))
        #expect(lab.mapper.nextDeadline == nil)
        #expect(lab.sent.allSatisfy { $0.at == .zero })
    }

    @Test
    func closingDuringAnAttemptTakesBackWhatMayHaveBeenMade() {
        for method in MappingMethod.allCases {
            var lab = Lab(speaks: [method])
            lab.start()
            while lab.gateway.table.isEmpty { lab.run(for: .milliseconds(1)) }
            #expect(lab.mapping == nil)
            lab.close()
            lab.run(for: .seconds(2))
            #expect(lab.gateway.table.isEmpty)
        }
    }

    @Test(arguments: MappingMethod.allCases)
    func anotherInternalPortReplacesTheMapping(method: MappingMethod) {
        var lab = Lab(speaks: [method])
        lab.start()
        lab.run(for: .seconds(1))
        let port = lab.mapping?.external.port
        let searches = lab.sent.filter { $0.to.port == 1900 }.count
        lab.start(port: 41700)
        lab.run(for: .seconds(1))
        #expect(lab.mappings.count == 3)
        #expect(lab.mapping?.internalPort == 41700)
        #expect(lab.mapping?.external.port == port)
        #expect(lab.gateway.table.values.map(\.internalPort) == [41700])
        // The gateway was seen just before: it is not searched for again.
        #expect(lab.sent.filter { $0.to.port == 1900 }.count == searches)
    }

    @Test
    func anotherGatewayMeansAnotherSearch() {
        var lab = Lab(speaks: [.pcp])
        lab.start()
        lab.run(for: .seconds(1))
        lab.setRoute(Route(gateway: IPAddress(10, 0, 0, 1), local: IPAddress(10, 0, 0, 2), internalPort: 41641))
        #expect(lab.mapping == nil)
        #expect(lab.mapper.report.gateway == IPAddress(10, 0, 0, 1))
        #expect(lab.mapper.report.externalAddress == nil)
        #expect(lab.sent.suffix(4).map(\.to.address).contains(IPAddress(10, 0, 0, 1)))
        // The old gateway is not heard any more.
        lab.run(for: .seconds(10))
        #expect(lab.mapping == nil)
    }

    @Test
    func withoutARouteThereIsNothingToDo() {
        var lab = Lab(speaks: [.pcp])
        lab.start()
        lab.run(for: .seconds(1))
        lab.setRoute(nil)
        #expect(lab.mapping == nil)
        #expect(lab.mapper.nextDeadline == nil)
    }

    @Test
    func aRefreshAsksAtOnceButNotTwiceInARow() {
        var lab = Lab(speaks: [])
        lab.start()
        lab.run(for: .seconds(20))
        let before = lab.sent.count
        lab.refresh()
        #expect(lab.sent.count == before + 4)
        lab.gateway.speaks = [.pcp]
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.method == .pcp)
        let after = lab.sent.count
        lab.refresh()
        #expect(lab.sent.count == after)
    }

    @Test
    func aGatewayThatStartsLateIsNoticedByItsAnnouncement() {
        var lab = Lab(speaks: [])
        lab.start()
        lab.run(for: .seconds(20))
        lab.gateway.speaks = [.natPMP]
        lab.deliver([0, 128, 0, 0, 0, 0, 0, 0] + lab.gateway.external.bytes, from: Endpoint(lab.gateway.address, 5351))
        lab.run(for: .milliseconds(10))
        #expect(lab.mapping?.method == .natPMP)
    }
}

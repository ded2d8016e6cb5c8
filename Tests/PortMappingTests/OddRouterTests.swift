import PortMapping
import Testing
import Wire

/// UPnP gateways as they are.
struct OddRouterTests {
    private static func isAdd(_ call: FakeGateway.Call) -> Bool {
        call.action == "AddPortMapping" || call.action == "AddAnyPortMapping"
    }

    @Test
    func aRandomPortAboveThePrivilegedOnesIsAskedFor() {
        var ports: Set<UInt16> = []
        for seed in 0..<50 {
            var lab = Lab(speaks: [.upnp], seed: UInt64(seed))
            lab.start()
            lab.run(for: .seconds(1))
            if let port = lab.mapping?.external.port { ports.insert(port) }
        }
        #expect(ports.count >= 49)
        #expect(ports.allSatisfy { $0 >= 1024 })
    }

    @Test
    func aPrivilegedPortOfAnEarlierRunIsNotAskedFor() {
        var lab = Lab(speaks: [.upnp], preferredPort: 80)
        lab.start()
        lab.run(for: .seconds(1))
        #expect((lab.mapping?.external.port ?? 0) >= 1024)
    }

    @Test
    func versionTwoChoosesThePort() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [("WANIPConnection:2", "/c")])
        lab.gateway.answers = { call in
            call.action == "AddAnyPortMapping" ? FakeGateway.success(call.action, ["NewReservedPort": "5555"]) : nil
        }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.external.port == 5555)
        #expect(lab.mapper.report.service == .wanIPConnection2)
        #expect(lab.mapper.report.deviceName == "Home Router")
    }

    @Test(arguments: [401, 602])
    func versionTwoWithoutTheActionIsAskedLikeVersionOne(code: Int) {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [("WANIPConnection:2", "/c")])
        lab.gateway.refuses = { $0.action == "AddAnyPortMapping" ? code : nil }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.gateway.calls.map(\.action) == ["GetExternalIPAddress", "AddAnyPortMapping", "AddPortMapping"])
        #expect(lab.mapping != nil)
    }

    @Test(arguments: [402, 600, 601, 725, 501])
    func aGatewayWithoutLimitedLeasesIsAskedForOneWithoutEnd(code: Int) {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.refuses = { $0.lease != 0 ? code : nil }
        lab.start()
        lab.run(for: .seconds(1))
        let adds = lab.gateway.calls.filter(Self.isAdd)
        #expect(adds.map(\.lease) == [7200, 0])
        #expect(Set(adds.map(\.externalPort)).count == 1)
        #expect(lab.mapping?.external.port == adds.last?.externalPort)
        // And is asked so at once when the mapping is renewed, for it may have restarted.
        lab.run(for: .seconds(4000))
        #expect(lab.gateway.calls.filter(Self.isAdd).map(\.lease) == [7200, 0, 0])
    }

    @Test(arguments: [716, 718, 729])
    func aConflictLeadsToAnotherPort(code: Int) throws {
        var lab = Lab(speaks: [.upnp], preferredPort: 23456)
        lab.gateway.refuses = { $0.externalPort == 23456 ? code : nil }
        lab.start()
        lab.run(for: .seconds(1))
        let mapping = try #require(lab.mapping)
        #expect(mapping.external.port != 23456)
        #expect(lab.gateway.table[mapping.external.port]?.internalPort == 41641)
    }

    @Test
    func conflictsWithoutEndAreGivenUp() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.refuses = { _ in 718 }
        lab.start()
        lab.run(for: .seconds(5))
        #expect(lab.gateway.calls.filter(Self.isAdd).count == 5)
        #expect(lab.mapper.report.failure == .portConflict)
    }

    @Test
    func equalPortsAreAskedForWhereTheGatewayInsists() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.refuses = { $0.externalPort == $0.internalPort ? nil : 724 }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.external.port == 41641)
    }

    @Test(arguments: [
        (606, MappingFailure.notAuthorized), (728, .outOfResources), (603, .outOfResources), (726, .unsupported),
        (727, .unsupported), (799, .refused(.upnp, code: 799)),
    ])
    func whatCannotBeHelpedIsReportedAfterOneTry(code: Int, failure: MappingFailure) {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.refuses = { _ in code }
        lab.start()
        lab.run(for: .seconds(30))
        #expect(lab.gateway.calls.filter(Self.isAdd).count == 1)
        #expect(lab.mapper.report.failure == failure)
        #expect(lab.mapper.report.upnp == .present)
    }

    @Test
    func anActionThatFailsForAnyReasonIsTriedInEveryWayButNotForEver() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.refuses = { _ in 501 }
        lab.start()
        lab.run(for: .seconds(30))
        #expect(lab.gateway.calls.filter(Self.isAdd).map(\.lease) == [7200, 0, 0, 0, 0, 0])
        #expect(lab.mapper.report.failure == .refused(.upnp, code: 501))
    }

    @Test
    func theServiceWithAConnectionIsUsed() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [
            ("WANIPConnection:1", "/ip"), ("WANPPPConnection:1", "/ppp"),
        ])
        lab.gateway.answers = { call in
            guard call.action == "GetExternalIPAddress", call.path == "/ip" else { return nil }
            return FakeGateway.success(call.action, ["NewExternalIPAddress": "0.0.0.0"])
        }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.external.address == lab.gateway.external)
        #expect(lab.mapper.report.service == .wanPPPConnection1)
    }

    @Test
    func aPublicServiceIsPreferredToOneInsideAnotherNAT() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [("WANIPConnection:1", "/a"), ("WANIPConnection:1", "/b")])
        lab.gateway.answers = { call in
            guard call.action == "GetExternalIPAddress", call.path == "/a" else { return nil }
            return FakeGateway.success(call.action, ["NewExternalIPAddress": "10.0.0.9"])
        }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping?.scope == .everywhere)
        #expect(lab.gateway.calls.last?.path == "/b")
    }

    @Test
    func aServiceThatRefusesLeadsToTheNext() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [("WANIPConnection:2", "/2"), ("WANIPConnection:1", "/1")])
        lab.gateway.refuses = { $0.path == "/2" ? 606 : nil }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapper.report.service == .wanIPConnection1)
        #expect(lab.mapping != nil)
        #expect(lab.mapper.report.failure == nil)
    }

    @Test
    func successWithoutABodyIsSuccess() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.answers = { Self.isAdd($0) ? .answered(status: 200, nil) : nil }
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapping != nil)
    }

    @Test
    func aDeviceThatMapsNoPortsIsNoGateway() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [("ContentDirectory:1", "/media")])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.mapper.report.upnp == .absent)
        #expect(lab.mapper.report.failure == .noService)
        #expect(lab.gateway.calls.isEmpty)
    }

    @Test
    func theDescriptionOfAGatewayIsReadBeforeThatOfAMediaServer() {
        var lab = Lab(speaks: [.upnp])
        lab.start()
        let media = "HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: http://192.168.1.1:8200/media.xml\r\n\r\n"
        lab.deliver(Array(media.utf8), from: Endpoint(lab.gateway.address, 1900))
        lab.run(for: .seconds(1))
        #expect(lab.gateway.fetchedPaths == ["/rootDesc.xml"])
        #expect(lab.mapping != nil)
    }

    @Test
    func aRuleThatWasNotConfirmedIsTakenBack() throws {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.answers = { Self.isAdd($0) ? .failed : nil }
        lab.start()
        lab.run(for: .seconds(10))
        #expect(lab.mapping == nil)
        let asked = try #require(lab.gateway.calls.first(where: Self.isAdd))
        #expect(lab.gateway.calls.last?.action == "DeletePortMapping")
        #expect(lab.gateway.calls.last?.externalPort == asked.externalPort)
    }
}

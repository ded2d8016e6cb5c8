import PortMapping
import Testing
import Wire

/// Gateways, and those who play one, that mean no good.
struct HostileGatewayTests {
    @Test
    func anAnswerWithAnotherNonceIsIgnored() {
        var lab = Lab(speaks: [.pcp, .natPMP])
        lab.gateway.forgesNonce = true
        lab.start()
        lab.run(for: .seconds(5))
        #expect(lab.mapping?.method == .natPMP)
        lab = Lab(speaks: [.pcp])
        lab.gateway.forgesNonce = true
        lab.start()
        lab.run(for: .seconds(20))
        #expect(lab.mapping == nil)
        #expect(lab.mapper.report.failure == .noAnswer)
    }

    @Test
    func answersFromElsewhereAreIgnored() {
        let sources = [
            Endpoint(IPAddress(192, 168, 1, 66), 5351), Endpoint(IPAddress(192, 168, 1, 66), 1900),
            Endpoint(IPAddress(192, 168, 1, 1), 5352),
        ]
        for source in sources {
            var lab = Lab(speaks: [])
            lab.start()
            lab.deliver([0, 128, 0, 0, 0, 0, 0, 0, 6, 6, 6, 6], from: source)
            lab.deliver([2, 128] + [UInt8](repeating: 0, count: 22), from: source)
            if source.address != lab.gateway.address {
                lab.deliver(FakeGateway.ssdpAnswer(location: "http://192.168.1.1:5000/"), from: source)
            }
            lab.run(for: .seconds(6))
            #expect(lab.mapper.report.externalAddress == nil)
            #expect(MappingMethod.allCases.allSatisfy { lab.mapper.report[$0] == .absent })
            #expect(lab.fetches.isEmpty)
        }
    }

    @Test
    func aLocationElsewhereLeadsToTheGatewayAndIsReported() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.location = "http://10.9.9.9:5000/rootDesc.xml"
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.fetches.allSatisfy { $0.request.target.server == Endpoint(lab.gateway.address, 5000) })
        #expect(lab.mapper.report.namesForeignHost)
        #expect(lab.mapping != nil)
    }

    @Test(arguments: ["https://192.168.1.1/", "file:///etc/passwd", "http://192.168.1.1/ HTTP/1.1", "", "x"])
    func aLocationThatIsNoPlainURLIsIgnored(location: String) {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.location = location
        lab.start()
        lab.run(for: .seconds(6))
        #expect(lab.fetches.isEmpty)
        #expect(lab.mapper.report.upnp == .absent)
    }

    @Test
    func aControlURLElsewhereLeadsToTheGateway() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.description = FakeGateway.description(services: [("WANIPConnection:1", "http://10.9.9.9:22/ctl")])
        lab.start()
        lab.run(for: .seconds(1))
        #expect(lab.fetches.last?.request.target.server == Endpoint(lab.gateway.address, 22))
    }

    @Test
    func aRedirectIsNotFollowed() {
        var lab = Lab(speaks: [.upnp])
        lab.gateway.answers = { _ in .answered(status: 302, nil) }
        lab.start()
        lab.run(for: .seconds(30))
        #expect(lab.fetches.count == 1)
        #expect(lab.mapping == nil)
    }

    @Test
    func manyLocationsCostThreeDescriptions() {
        var lab = Lab(speaks: [])
        lab.gateway.description = XMLTree("root")
        lab.start()
        for number in 0..<500 {
            lab.deliver(
                FakeGateway.ssdpAnswer(location: "http://192.168.1.1:\(5000 + number)/"),
                from: Endpoint(lab.gateway.address, 1900))
        }
        lab.run(for: .seconds(30))
        #expect(lab.fetches.count == 3)
    }

    @Test
    func exchangesWithoutAnEndDoNotHoldUsUp() {
        var lab = Lab(speaks: [.upnp])
        lab.swallowsExchanges = true
        lab.start()
        lab.run(for: .seconds(6))
        #expect(lab.mapper.report.failure == .noAnswer)
        #expect(lab.fetches.count == 1)
    }

    @Test
    func anAnswerToAnEarlierQuestionIsIgnored() throws {
        var lab = Lab(speaks: [.upnp])
        lab.start()
        lab.run(for: .seconds(1))
        let first = try #require(lab.fetches.first?.request.id)
        let mapping = lab.mapping
        var effects: [PortMapper.Effect] = []
        lab.mapper.answered(first, with: .failed, at: lab.now, using: &lab.random, effects: &effects)
        #expect(effects.isEmpty)
        #expect(lab.mapping == mapping)
    }

    @Test
    func aGrantOfNothingIsNone() {
        for method in [MappingMethod.pcp, .natPMP] {
            var lab = Lab(speaks: [method])
            lab.gateway.longestLease = 0
            lab.start()
            lab.run(for: .seconds(6))
            #expect(lab.mapping == nil)
            #expect(lab.mapper.report.failure == .refused(method, code: 0))
        }
    }

    @Test
    func aGrantForeverIsRenewedAfterAnHour() {
        var lab = Lab(speaks: [.natPMP])
        lab.start()
        lab.run(for: .milliseconds(1))
        // Whatever the gateway grants, two hours is what counts.
        lab.deliver([0, 128, 0, 0, 0, 0, 0, 0, 203, 0, 113, 7], from: Endpoint(lab.gateway.address, 5351))
        lab.deliver(
            [0, 129, 0, 0, 0, 0, 0, 0] + FakeGateway.big(UInt16(41641)) + FakeGateway.big(UInt16(9)) + [255, 255, 255, 255],
            from: Endpoint(lab.gateway.address, 5351))
        lab.run(for: .seconds(3000))
        let before = lab.sent.count
        lab.run(for: .seconds(700))
        #expect(lab.sent.count > before)
    }

    @Test(arguments: 0..<300)
    func randomBytesNeverTrap(seed: UInt64) {
        var lab = Lab(speaks: [[], [.pcp], [.natPMP], [.upnp]][Int(seed % 4)], seed: seed)
        var random = SeededGenerator(seed &+ 1000)
        lab.start()
        let samples: [[UInt8]] = [
            [0, 128, 0, 0, 0, 1, 0, 2, 203, 0, 113, 7], [0, 129, 0, 0, 0, 0, 0, 9, 0xa2, 0xa9, 0x56, 0x78, 0, 0, 0x0e, 0x10],
            [2, 128] + [UInt8](repeating: 0, count: 22), [2, 129] + [UInt8](repeating: 0, count: 58),
            FakeGateway.ssdpAnswer(location: "http://192.168.1.1:5000/a"),
        ]
        for _ in 0..<100 {
            var bytes =
                Bool.random(using: &random)
                ? random.bytes(Int.random(in: 0...100, using: &random)) : samples.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))) }
            let port: UInt16 = Bool.random(using: &random) ? 5351 : 1900
            lab.deliver(bytes, from: Endpoint(lab.gateway.address, port))
            if let fetch = lab.fetches.last, Bool.random(using: &random) {
                var effects: [PortMapper.Effect] = []
                let tree = XMLTree(
                    ["root", "errorCode", "service", "device"].randomElement(using: &random) ?? "",
                    String(decoding: random.bytes(5), as: UTF8.self), children: [XMLTree("NewExternalIPAddress", "300.1.1.1")])
                lab.mapper.answered(
                    fetch.request.id, with: .answered(status: Int.random(in: -1...600, using: &random), tree), at: lab.now,
                    using: &lab.random, effects: &effects)
            }
            lab.run(for: .milliseconds(Int.random(in: 0...3000, using: &random)))
        }
        // Whatever it was told, it asks for no more than it is allowed to.
        #expect(lab.sent.count < 2000)
        #expect(lab.fetches.count < 600)
        lab.close()
        lab.run(for: .seconds(2))
        #expect(lab.closedAt != nil)
    }

    @Test(arguments: 0..<50)
    func cutOffTextsNeverTrap(seed: UInt64) {
        let answer = FakeGateway.ssdpAnswer(location: "http://192.168.1.1:5000/a")
        var random = SeededGenerator(seed)
        for length in 0...answer.count {
            var bytes = Array(answer.prefix(length))
            if !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let parsed = SSDPAnswer(parsing: bytes.bytes) {
                if let target = HTTPTarget(url: parsed.location, gateway: IPAddress(192, 168, 1, 1)) {
                    #expect(target.path.hasPrefix("/"))
                }
            }
        }
    }
}

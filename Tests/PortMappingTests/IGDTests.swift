import Testing
import Wire

@testable import PortMapping

struct IGDTests {
    private static let location = HTTPTarget(url: "http://192.168.1.1:5000/igd/desc.xml", gateway: IPAddress(192, 168, 1, 1))

    @Test
    func theBestServiceComesFirst() throws {
        let description = IGDDescription(
            FakeGateway.description(services: [
                ("Layer3Forwarding:1", "/l3"), ("WANPPPConnection:1", "/ppp"), ("WANIPConnection:1", "/ip1"),
                ("WANIPConnection:2", "/ip2"), ("WANIPConnection:1", "/ip1"),
            ]), at: try #require(Self.location))
        #expect(description.services.map(\.kind) == [.wanIPConnection2, .wanIPConnection1, .wanPPPConnection1])
        #expect(description.services.map(\.control.path) == ["/ip2", "/ip1", "/ppp"])
        #expect(description.deviceName == "Home Router")
    }

    @Test
    func aBaseReplacesThePlaceOfTheDescription() throws {
        let services = [("WANIPConnection:1", "ctl")]
        let location = try #require(Self.location)
        let plain = IGDDescription(FakeGateway.description(services: services), at: location)
        #expect(plain.services.first?.control == HTTPTarget(server: location.server, path: "/igd/ctl"))
        let based = IGDDescription(
            FakeGateway.description(services: services, base: "http://10.9.9.9:80/b/"), at: location)
        #expect(based.services.first?.control == HTTPTarget(server: Endpoint(location.server.address, 80), path: "/b/ctl"))
    }

    @Test
    func servicesWithoutAUsableControlAreLeftOut() throws {
        let description = IGDDescription(
            FakeGateway.description(services: [
                ("WANIPConnection:1", ""), ("WANIPConnection:1", "https://192.168.1.1/"), ("WANIPConnection:9", "/x"),
            ]), at: try #require(Self.location))
        #expect(description.services.isEmpty)
    }

    @Test
    func noMoreServicesThanTheLimitAreTaken() throws {
        let services = (0..<20).map { ("WANIPConnection:1", "/\($0)") }
        let description = IGDDescription(FakeGateway.description(services: services), at: try #require(Self.location))
        #expect(description.services.count == IGDDescription.maximumServiceCount)
    }

    @Test
    func anActionIsWrittenInTheOrderOfTheSpecification() {
        let rule = SOAPCall.PortRule(externalPort: 4500, internalPort: 41641, client: IPAddress(192, 168, 1, 50))
        #expect(
            SOAPCall.addPortMapping(rule, lease: 7200).envelope(for: .wanIPConnection1)
                == "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
                + "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
                + "<u:AddPortMapping xmlns:u=\"urn:schemas-upnp-org:service:WANIPConnection:1\">"
                + "<NewRemoteHost></NewRemoteHost><NewExternalPort>4500</NewExternalPort><NewProtocol>UDP</NewProtocol>"
                + "<NewInternalPort>41641</NewInternalPort><NewInternalClient>192.168.1.50</NewInternalClient>"
                + "<NewEnabled>1</NewEnabled><NewPortMappingDescription>causeway</NewPortMappingDescription>"
                + "<NewLeaseDuration>7200</NewLeaseDuration></u:AddPortMapping></s:Body></s:Envelope>\r\n")
    }

    @Test
    func textIsEscaped() {
        #expect(SOAPCall.escaped("a<b>&\"c'\u{0}\u{8}\n") == "a&lt;b&gt;&amp;&quot;c&apos;\n")
    }

    @Test
    func aRequestIsWhatGoesOverTheWire() throws {
        let service = IGDService(
            .wanPPPConnection1, control: try #require(HTTPTarget(server: Endpoint(IPAddress(192, 168, 1, 1), 5000), path: "/c")))
        let request = HTTPRequest.action(.deletePortMapping(externalPort: 9), of: service, id: RequestID(attempt: 1, call: 1))
        let text = String(decoding: request.encoded, as: UTF8.self)
        #expect(
            text.hasPrefix(
                "POST /c HTTP/1.1\r\nHost: 192.168.1.1:5000\r\nContent-Type: text/xml; charset=\"utf-8\"\r\n"
                    + "SOAPAction: \"urn:schemas-upnp-org:service:WANPPPConnection:1#DeletePortMapping\"\r\n"
                    + "Content-Length: \(request.body.count)\r\nConnection: close\r\n\r\n<?xml"))
    }

    @Test
    func answersAreReadByWhatIsInThem() {
        #expect(SOAPAnswer(FakeGateway.fault(718)) == .fault(code: 718))
        #expect(
            SOAPAnswer(FakeGateway.success("GetExternalIPAddress", ["NewExternalIPAddress": "203.0.113.7"]))
                == .done(address: IPAddress(203, 0, 113, 7), reservedPort: nil))
        #expect(
            SOAPAnswer(FakeGateway.success("AddAnyPortMapping", ["NewReservedPort": "4500"]))
                == .done(address: nil, reservedPort: 4500))
        // A fault with status 200, success without a body, a fault without a code, a redirect.
        let fault = XMLTree("Envelope", children: [XMLTree("errorCode", "725")])
        #expect(SOAPAnswer(.answered(status: 200, fault)) == .fault(code: 725))
        #expect(SOAPAnswer(.answered(status: 200, nil)) == .done(address: nil, reservedPort: nil))
        #expect(SOAPAnswer(.answered(status: 500, nil)) == .fault(code: 501))
        #expect(SOAPAnswer(.answered(status: 302, nil)) == .nothing)
        #expect(SOAPAnswer(.failed) == .nothing)
        #expect(SOAPAnswer(.answered(status: 500, XMLTree("errorCode", "lots"))) == .nothing)
    }
}

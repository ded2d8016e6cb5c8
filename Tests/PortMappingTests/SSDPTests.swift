import PortMapping
import Testing
import Wire

struct SSDPTests {
    @Test
    func aSearchIsThatOfTheArchitecture() {
        #expect(
            String(decoding: SSDPSearch.gateways.encoded(), as: UTF8.self)
                == "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                + "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\r\n")
        let gateway = IPAddress(192, 168, 1, 1)
        #expect(SSDPSearch.everythingOf(gateway).destination == Endpoint(gateway, 1900))
        #expect(!String(decoding: SSDPSearch.everythingOf(gateway).encoded(), as: UTF8.self).contains("MX"))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/a.xml\r\nST: upnp:rootdevice\r\n\r\n",
        "HTTP/1.1 200 OK\nst:upnp:rootdevice\nlocation:http://192.168.1.1:5000/a.xml",
        "http/1.0  200\r\nLocation :  http://192.168.1.1:5000/a.xml  \r\nnonsense\r\nST: ssdp:all\r\nUSN: upnp:rootdevice\r\n",
    ])
    func answersAreReadLeniently(text: String) throws {
        let answer = try #require(SSDPAnswer(of: Array(text.utf8)))
        #expect(answer.location == "http://192.168.1.1:5000/a.xml")
        #expect(answer.target == "upnp:rootdevice")
    }

    @Test(arguments: [
        "", "\r\n", "HTTP/1.1 404 Not Found\r\nLOCATION: http://192.168.1.1/\r\n\r\n", "HTTP/1.1 200 OK\r\nST: a\r\n\r\n",
        "NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n",
    ])
    func otherTextsAreNoAnswers(text: String) {
        #expect(SSDPAnswer(of: Array(text.utf8)) == nil)
    }

    @Test
    func anAnswerThatIsTooLongIsIgnored() {
        let text = "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/\r\nX: " + String(repeating: "x", count: 2048)
        #expect(SSDPAnswer(of: Array(text.utf8)) == nil)
    }

    @Test
    func aLocationBehindTooManyLinesIsNotFound() {
        let text = "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 70) + "LOCATION: http://192.168.1.1/\r\n"
        #expect(SSDPAnswer(of: Array(text.utf8)) == nil)
    }
}

extension SSDPAnswer {
    fileprivate init?(of bytes: [UInt8]) {
        self.init(parsing: bytes.bytes)
    }
}

import PortMapping
import Testing
import Wire

struct PCPTests {
    private static let mapAnswer: [UInt8] =
        [2, 129, 0, 0, 0, 0, 0x0e, 0x10, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 12)
        + Array(1...12) + [17, 0, 0, 0, 0x12, 0x34, 0x56, 0x78]
        + [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 203, 0, 113, 7]

    @Test
    func anAnnouncementIsAHeader() {
        let request = PCPRequest(.announce, client: IPAddress(192, 168, 1, 50))
        #expect(
            request.encoded()
                == [2, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 168, 1, 50])
    }

    @Test
    func aMapIsThatOfTheFigures() {
        var random = SeededGenerator(1)
        let nonce = PCPNonce(using: &random)
        let map = PCPMap(nonce: nonce, internalPort: 0x1234, external: Endpoint(IPAddress(ipv4: 0), 0x5678))
        let bytes = PCPRequest(.map(map, lifetime: 7200), client: IPAddress(192, 168, 1, 50)).encoded()
        let zeros = [UInt8](repeating: 0, count: 10)
        #expect(
            bytes == [2, 1, 0, 0, 0, 0, 0x1c, 0x20] + zeros + [0xff, 0xff, 192, 168, 1, 50] + nonce.bytes
                + [17, 0, 0, 0, 0x12, 0x34, 0x56, 0x78] + zeros + [0xff, 0xff, 0, 0, 0, 0])
        #expect(bytes.count == 60)
    }

    @Test
    func anIPv6PinholeKeepsTheAddress() throws {
        var random = SeededGenerator(1)
        let local = try #require(IPAddress("2001:db8::50"))
        let map = PCPMap(nonce: PCPNonce(using: &random), internalPort: 7, external: Endpoint(local, 7))
        let bytes = PCPRequest(.map(map, lifetime: 1), client: local).encoded()
        #expect(Array(bytes[8..<24]) == local.bytes)
        #expect(Array(bytes[44..<60]) == local.bytes)
    }

    @Test
    func aGrantIsRead() throws {
        let response = try #require(PCPResponse(of: Self.mapAnswer))
        #expect(response.result == .success)
        #expect(response.lifetime == 3600)
        #expect(response.epoch == 9)
        guard case .map(let map) = response.content else {
            Issue.record("no MAP")
            return
        }
        #expect(map.nonce.bytes == Array(1...12))
        #expect(map.internalPort == 0x1234)
        #expect(map.external == Endpoint(IPAddress(203, 0, 113, 7), 0x5678))
    }

    @Test(arguments: PCPResult.allCases)
    func everyResultIsRead(result: PCPResult) throws {
        var bytes = Self.mapAnswer
        bytes[3] = result.rawValue
        #expect(try #require(PCPResponse(of: bytes)).result == result)
    }

    @Test
    func anUnknownResultIsKept() throws {
        var bytes = Self.mapAnswer
        bytes[3] = 200
        let response = try #require(PCPResponse(of: bytes))
        #expect(response.result == nil)
        #expect(response.resultCode == 200)
    }

    @Test
    func whatIsCutOffIsNoGrant() {
        for length in 0..<Self.mapAnswer.count {
            #expect(PCPResponse(of: Array(Self.mapAnswer[..<length])) == nil)
        }
    }

    @Test
    func lengthsThatTheRFCForbidsAreIgnored() {
        #expect(PCPResponse(of: (Self.mapAnswer + [0])) == nil)
        let long = Self.mapAnswer + [UInt8](repeating: 0, count: PCPResponse.maximumByteCount)
        #expect(PCPResponse(of: long) == nil)
        #expect(PCPResponse(of: (Self.mapAnswer + [0, 0, 0, 0])) != nil)
    }

    @Test
    func anotherTransportIsNoGrant() {
        var bytes = Self.mapAnswer
        bytes[36] = 6
        #expect(PCPResponse(of: bytes) == nil)
    }
}

extension PCPResponse {
    fileprivate init?(of bytes: [UInt8]) {
        self.init(parsing: bytes.bytes)
    }
}

import PortMapping
import Testing
import Wire

struct NATPMPTests {
    @Test
    func requestsAreThoseOfTheFigures() {
        #expect(NATPMPRequest.externalAddress.encoded() == [0, 0])
        #expect(
            NATPMPRequest.mapUDP(internalPort: 0x1234, externalPort: 0x5678, lifetime: 7200).encoded()
                == [0, 1, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x1c, 0x20])
    }

    @Test
    func anAddressIsRead() throws {
        let bytes: [UInt8] = [0, 128, 0, 0, 0, 1, 0, 2, 203, 0, 113, 7]
        let response = try #require(NATPMPResponse(of: bytes))
        #expect(response.opcode == 0)
        #expect(response.result == .success)
        #expect(response.epoch == 0x10002)
        #expect(response.content == .externalAddress(IPAddress(203, 0, 113, 7)))
    }

    @Test
    func aMappingIsRead() throws {
        let bytes: [UInt8] = [0, 129, 0, 0, 0, 0, 0, 9, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x0e, 0x10]
        let response = try #require(NATPMPResponse(of: bytes))
        #expect(response.content == .mappedUDP(internalPort: 0x1234, externalPort: 0x5678, lifetime: 3600))
    }

    @Test(arguments: [
        (UInt8(1), NATPMPResult.unsupportedVersion), (2, .notAuthorized), (3, .networkFailure), (4, .outOfResources),
        (5, .unsupportedOpcode), (77, .other(77)),
    ])
    func aRefusalNeedsNoContent(code: UInt8, result: NATPMPResult) throws {
        let bytes: [UInt8] = [0, 129, 0, code, 0, 0, 0, 9]
        let response = try #require(NATPMPResponse(of: bytes))
        #expect(response.result == result)
        #expect(response.content == .none)
    }

    @Test
    func whatIsCutOffIsNoAnswer() {
        let answers: [[UInt8]] = [
            [0, 128, 0, 0, 0, 1, 0, 2, 203, 0, 113, 7], [0, 129, 0, 0, 0, 0, 0, 9, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x0e, 0x10],
        ]
        for answer in answers {
            for length in 0..<answer.count {
                #expect(NATPMPResponse(of: Array(answer[..<length])) == nil)
            }
        }
    }

    @Test
    func requestsAndOtherVersionsAreNoAnswers() {
        #expect(NATPMPResponse(of: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(NATPMPResponse(of: [2, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
    }
}

extension NATPMPResponse {
    fileprivate init?(of bytes: [UInt8]) {
        self.init(parsing: bytes.bytes)
    }
}

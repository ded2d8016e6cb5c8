import STUN
import Testing
import Wire

struct BindingRequestTests {
    @Test
    func thePlainRequestIsTailscales() throws {
        let file = try #require(TailscaleVectors.file)
        let request = BindingRequest(transactionID: transaction(file.transaction))
        #expect(Hexadecimal.encode(request.encoded()) == file.request)
    }

    @Test
    func flagsStandBeforeTheFingerprint() throws {
        let request = BindingRequest(transactionID: vectorTransaction, change: [.address, .port])
        let message = try parsed(request.encoded())
        #expect(message.attributes == [.software("tailnode"), .changeRequest([.address, .port])])
        #expect(message.isFingerprinted)
    }
}

import Testing
import Wire

struct EndpointTests {
    @Test(arguments: ["192.0.2.1:3478", "[2001:db8::1]:443", "0.0.0.0:0", "[::]:65535"])
    func textIsReadAndWritten(text: String) throws {
        #expect(try #require(Endpoint(text)).description == text)
    }

    @Test(arguments: ["192.0.2.1", "2001:db8::1:443", "[192.0.2.1]:1", "192.0.2.1:65536", "192.0.2.1:-1", ":1", "[]:1", "[::1:1"])
    func otherTextIsRefused(text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test func theWireFormMapsIPv4AndBack() throws {
        let endpoint = Endpoint(IPAddress(192, 0, 2, 1), 0x1234)
        var writer = ByteWriter()
        endpoint.write(to: &writer)
        #expect(writer.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1, 0x12, 0x34])
        var reader = ByteReader(writer.bytes.bytes)
        let readBack = try Endpoint(from: &reader)
        #expect(readBack == endpoint)
    }
}

import PortMapping
import Testing
import Wire

struct HTTPTargetTests {
    private static let gateway = IPAddress(192, 168, 1, 1)

    @Test(arguments: [
        ("http://192.168.1.1:5000/rootDesc.xml", 5000, "/rootDesc.xml"), ("http://192.168.1.1", 80, "/"),
        ("HTTP://router.local:1780/a?b=c#d", 1780, "/a?b=c"), ("http://[fe80::1]:80/x", 80, "/x"),
        ("http://192.168.1.1:/x", 80, "/x"), ("http://10.9.9.9:49152/evil", 49152, "/evil"),
        ("http://192.168.1.1:80?q", 80, "/?q"),
    ])
    func theHostIsAlwaysTheGateway(url: String, port: UInt16, path: String) throws {
        let target = try #require(HTTPTarget(url: url, gateway: Self.gateway))
        #expect(target.server == Endpoint(Self.gateway, port))
        #expect(target.path == path)
    }

    @Test(arguments: [
        "", "https://192.168.1.1/", "file:///etc/passwd", "http://", "http:///x", "http://192.168.1.1:0/", "http://a:99999/",
        "http://a:-1/", "http://a:+80/", "http://user@192.168.1.1/", "http://192.168.1.1/a b", "http://192.168.1.1/a\r\nX: y",
        "http://192.168.1.1/\u{e9}",
    ])
    func whatIsNoPlainURLIsRefused(url: String) {
        #expect(HTTPTarget(url: url, gateway: Self.gateway) == nil)
    }

    @Test
    func aPathThatIsTooLongIsRefused() {
        let path = "/" + String(repeating: "a", count: HTTPTarget.maximumPathLength)
        #expect(HTTPTarget(url: "http://192.168.1.1" + path, gateway: Self.gateway) == nil)
    }

    @Test(arguments: [
        ("/ctl", 5000, "/ctl"), ("ctl", 5000, "/igd/ctl"), ("?x", 5000, "/igd/?x"), ("http://1.2.3.4:81/c", 81, "/c"),
        ("//1.2.3.4:82/c", 82, "/c"), ("a/b:c", 5000, "/igd/a/b:c"),
    ])
    func referencesAreResolved(reference: String, port: UInt16, path: String) throws {
        let base = try #require(HTTPTarget(url: "http://192.168.1.1:5000/igd/desc.xml?x=/y", gateway: Self.gateway))
        let target = try #require(HTTPTarget(reference: reference, base: base))
        #expect(target.server == Endpoint(Self.gateway, port))
        #expect(target.path == path)
    }

    @Test
    func otherSchemesAreNoReferences() throws {
        let base = try #require(HTTPTarget(url: "http://192.168.1.1:5000/", gateway: Self.gateway))
        #expect(HTTPTarget(reference: "javascript:x", base: base) == nil)
        #expect(HTTPTarget(reference: "https://192.168.1.1/", base: base) == nil)
    }

    @Test
    func anotherHostIsNoticed() {
        #expect(HTTPTarget.isForeign(url: "http://10.9.9.9/", gateway: Self.gateway))
        #expect(HTTPTarget.isForeign(url: "http://router.local/", gateway: Self.gateway))
        #expect(!HTTPTarget.isForeign(url: "http://192.168.1.1:5/", gateway: Self.gateway))
    }
}

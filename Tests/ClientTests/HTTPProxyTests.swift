import Testing

@testable import Client

@Suite struct HTTPProxyTests {
    private let server = ServerAddress(host: "relay.example.net", port: 443, usesTLS: true, pin: nil, key: nil)

    @Test func theEnvironmentNamesTheProxy() {
        let proxy = HTTPProxy.from(environment: ["HTTPS_PROXY": "http://10.0.0.1:3128"], for: server)
        #expect(proxy?.host == "10.0.0.1")
        #expect(proxy?.port == 3128)
        #expect(proxy?.authorization == nil)
    }

    @Test func lowerCaseCountsFirstAndTheSchemeDecides() {
        let environment = ["HTTPS_PROXY": "upper:1", "https_proxy": "lower:2", "HTTP_PROXY": "plain:3"]
        #expect(HTTPProxy.from(environment: environment, for: server)?.host == "lower")
        var plain = server
        plain.usesTLS = false
        #expect(HTTPProxy.from(environment: environment, for: plain)?.host == "plain")
    }

    @Test(arguments: ["*", "example.net", ".example.net", "other.org, relay.example.net", "RELAY.example.net"])
    func exceptedServersAreReachedWithoutIt(list: String) {
        #expect(HTTPProxy.from(environment: ["HTTPS_PROXY": "p:1", "NO_PROXY": list], for: server) == nil)
    }

    @Test(arguments: ["", "net.example", "ample.net", "relay.example.net.org"])
    func otherServersAreNotExcepted(list: String) {
        #expect(HTTPProxy.from(environment: ["HTTPS_PROXY": "p:1", "NO_PROXY": list], for: server) != nil)
    }

    @Test(arguments: ["127.0.0.1", "::1", "localhost"])
    func thisMachineIsNeverReachedThroughAProxy(host: String) {
        var own = server
        own.host = host
        #expect(HTTPProxy.from(environment: ["HTTPS_PROXY": "p:1"], for: own) == nil)
    }

    @Test(arguments: ["socks5://p:1", "https://p:1", "http://", ""])
    func otherKindsOfProxiesAreNotUsed(text: String) {
        #expect(HTTPProxy.from(environment: ["HTTPS_PROXY": text], for: server) == nil)
    }

    @Test func theRequestNamesTheServerAndCarriesTheCredentials() throws {
        let proxy = try #require(HTTPProxy("http://us%20er:pass@proxy"))
        #expect(proxy.port == 80)
        #expect(
            proxy.request(to: server) == """
                CONNECT relay.example.net:443 HTTP/1.1\r
                Host: relay.example.net:443\r
                User-Agent: causeway\r
                Proxy-Authorization: Basic dXMgZXI6cGFzcw==\r
                \r

                """)
    }
}

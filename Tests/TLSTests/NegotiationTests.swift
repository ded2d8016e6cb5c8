import TLS
import Testing
import Wire

@Suite struct NegotiationTests {
    @Test func theFastSuiteIsChosenThoughTheClientPrefersAnother() throws {
        let pair = try Fixture.pair()
        try pair.handshake()
        #expect(["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"].contains(pair.client.negotiatedCipher))
    }

    @Test(
        arguments: [
            ([], nil), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["h2"], nil), (["h3", "derp"], nil),
        ] as [([String], String?)])
    func onlyHTTP1IsChosen(offered: [String], chosen: String?) throws {
        let pair = try SessionPair(
            client: Fixture.client(protocols: offered), server: Fixture.server(), peer: Fixture.pinned)
        try pair.handshake()
        #expect(pair.client.negotiatedProtocol == chosen)
        #expect(pair.server.negotiatedProtocol == chosen)
    }

    @Test func theRelayKeyIsHonouredUnderTLS13() throws {
        let pair = try Fixture.pair(.tls13)
        try pair.handshake()
        #expect(pair.client.peerRelayKey == Fixture.relayKey)
        #expect(pair.client.peerCertificates.count == 2)
        #expect(pair.server.peerRelayKey == nil)
    }

    @Test func theRelayKeyIsIgnoredUnderTLS12() throws {
        let pair = try Fixture.pair(.tls12)
        try pair.handshake()
        #expect(pair.client.peerCertificates.count == 2)
        #expect(pair.client.peerRelayKey == nil)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aSecondConnectionIsResumed(version: TLSVersion) throws {
        let client = try Fixture.client(version...version)
        let server = try Fixture.server()
        for round in 0..<3 {
            let pair = try SessionPair(client: client, server: server, peer: Fixture.pinned)
            try pair.handshake()
            #expect(pair.client.isResumed == (round > 0))
            #expect(pair.server.isResumed == (round > 0))
            #expect(pair.client.peerRelayKey == (version == .tls13 ? Fixture.relayKey : nil))
        }
    }

    @Test func aSessionIsNotResumedForAnotherProof() throws {
        let client = try Fixture.client(trusting: [Fixture.identity.get().certificate])
        let server = try Fixture.server()
        let first = try SessionPair(client: client, server: server, peer: TLSPeer(host: "relay.example", proof: .nothing))
        try first.handshake()
        let second = try SessionPair(client: client, server: server, peer: TLSPeer(host: "relay.example"))
        try second.handshake()
        #expect(!second.client.isResumed)
    }

    @Test func anotherServerContextTakesNoOldTickets() throws {
        let client = try Fixture.client()
        let current = CurrentTLSContext(try Fixture.server())
        try SessionPair(client: client, server: current.value, peer: Fixture.pinned).handshake()
        current.value = try Fixture.server()
        let pair = try SessionPair(client: client, server: current.value, peer: Fixture.pinned)
        try pair.handshake()
        #expect(!pair.client.isResumed)
    }

    @Test func versionsWithoutOverlapAreRefused() throws {
        let pair = try SessionPair(
            client: Fixture.client(.tls12 ... .tls12), server: Fixture.server(.tls13 ... .tls13), peer: Fixture.pinned)
        #expect(throws: TLSError.noCommonVersion) { try pair.handshake() }
        // The alert says protocol_version (RFC 8446 §6.2).
        #expect(throws: TLSError.alert(70)) {
            pair.collect()
            _ = try pair.deliverToClient()
        }
    }
}

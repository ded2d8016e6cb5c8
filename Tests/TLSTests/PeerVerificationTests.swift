import TLS
import Testing
import Wire

@Suite struct PeerVerificationTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aWrongPinIsRefusedWithBothDigests(version: TLSVersion) throws {
        let wrong = try #require(CertificatePin(digest: [UInt8](repeating: 0xab, count: 32)))
        let failure = CertificateFailure.pinMismatch(expected: wrong, presented: try Fixture.pin)
        #expect(try refusal(version, peer: TLSPeer(host: "relay.example", proof: .pin(wrong))) == failure)
        #expect(failure.description.contains("abababab"))
        #expect(failure.description.contains(try Fixture.pin.description))
    }

    @Test func aPinnedCertificateForAnotherNameIsRefused() throws {
        let peer = try TLSPeer(host: "other.example", proof: .pin(Fixture.pin))
        #expect(
            try refusal(peer: peer) == .nameMismatch(wanted: "other.example", names: ["relay.example", "192.0.2.1"]))
    }

    @Test func aPinServesAnyDialledAddress() throws {
        try Fixture.pair(peer: TLSPeer(host: "203.0.113.9", proof: .pin(Fixture.pin))).handshake()
    }

    @Test func aPinWantsOneCertificate() throws {
        let identity = try Fixture.identity.get()
        let long = try TLSIdentity(chain: [identity.certificate, identity.certificate], key: identity.key)
        let pair = try SessionPair(client: Fixture.client(), server: TLSContext(server: long), peer: Fixture.pinned)
        #expect(throws: TLSError.certificate(.pinnedChain(count: 2))) { try pair.handshake() }
    }

    @Test func anUnknownIssuerIsRefused() throws {
        #expect(try refusal(peer: TLSPeer(host: "relay.example")) == .unknownIssuer("Causeway"))
    }

    @Test(arguments: ["relay.example", "192.0.2.1"])
    func aTrustedCertificateIsTakenForItsNames(host: String) throws {
        try Fixture.pair(peer: TLSPeer(host: host), trusting: [Fixture.identity.get().certificate]).handshake()
    }

    @Test(arguments: ["other.example", "192.0.2.2", "relay.example.evil", "*.example"])
    func aTrustedCertificateIsRefusedForOtherNames(host: String) throws {
        let root = try Fixture.identity.get().certificate
        #expect(
            try refusal(peer: TLSPeer(host: host), trusting: [root])
                == .nameMismatch(wanted: host, names: ["relay.example", "192.0.2.1"]))
    }

    @Test func theNameThatIsVerifiedMayDifferFromTheDialledOne() throws {
        let peer = try #require(TLSPeer(host: "front.example", certificateName: "relay.example"))
        let pair = try Fixture.pair(peer: peer, trusting: [Fixture.identity.get().certificate])
        try pair.handshake()
        #expect(pair.server.serverName == "front.example")
    }

    @Test func anExpiredCertificateIsRefused() throws {
        let old = try TLSIdentity.selfSigned(
            names: ["relay.example"], addresses: [], at: CertificateTime(secondsSince1970: 1_600_000_000), days: 5)
        let end = CertificateTime(secondsSince1970: 1_600_000_000).adding(days: 5)
        for proof in [TLSPeer.Proof.name("relay.example"), .pin(old.certificate.pin)] {
            let pair = try SessionPair(
                client: Fixture.client(trusting: [old.certificate]), server: TLSContext(server: old),
                peer: TLSPeer(host: "relay.example", proof: proof))
            #expect(throws: TLSError.certificate(.expired(at: end))) { try pair.handshake() }
        }
    }

    @Test func aCertificateOfTheFutureIsRefused() throws {
        let later = CertificateTime.now.adding(days: 100)
        let early = try TLSIdentity.selfSigned(names: ["relay.example"], addresses: [], at: later)
        let start = later.adding(days: -TLSIdentity.backdatedDays)
        let pair = try SessionPair(
            client: Fixture.client(), server: TLSContext(server: early),
            peer: TLSPeer(host: "relay.example", proof: .pin(early.certificate.pin)))
        #expect(throws: TLSError.certificate(.notYetValid(until: start))) { try pair.handshake() }
    }

    @Test func theServerHearsWhyItWasRefused() throws {
        let pair = try Fixture.pair(peer: TLSPeer(host: "relay.example"))
        #expect(throws: TLSError.certificate(.unknownIssuer("Causeway"))) { try pair.handshake() }
        pair.collect()
        // unknown_ca (RFC 8446 §6.2).
        #expect(throws: TLSError.alert(48)) { _ = try pair.deliverToServer() }
    }

    @Test func theMemberCertNameIsAPinANameOrNothing() throws {
        let hex = String(repeating: "0f", count: 32)
        #expect(TLSPeer(host: "a.example", certificateName: "")?.proof == .name("a.example"))
        #expect(TLSPeer(host: "a.example", certificateName: "b.example")?.proof == .name("b.example"))
        #expect(TLSPeer(host: "a.example", certificateName: "2001:db8::1")?.proof == .name("2001:db8::1"))
        #expect(
            TLSPeer(host: "a.example", certificateName: "sha256-raw:" + hex)?.proof
                == CertificatePin("sha256-raw:" + hex).map { .pin($0) })
        #expect(TLSPeer(host: "a.example", certificateName: "sha256-raw:" + hex.dropLast(2)) == nil)
        #expect(TLSPeer(host: "a.example", certificateName: "sha512-raw:" + hex) == nil)
    }

    private func refusal(
        _ version: TLSVersion = .tls13, peer: TLSPeer, trusting roots: [Certificate] = []
    ) throws -> CertificateFailure? {
        let pair = try Fixture.pair(version, peer: peer, trusting: roots)
        do {
            try pair.handshake()
        } catch TLSError.certificate(let failure) {
            return failure
        }
        return nil
    }
}

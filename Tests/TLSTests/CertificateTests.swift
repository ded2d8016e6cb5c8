import Foundation
import TLS
import Testing
import VectorSupport
import Wire

@Suite struct CertificateTests {
    @Test func theRecordedMetaCertificateNamesItsRelay() throws {
        let vector = try Vector.load("derp/meta-certificate.json", as: MetaVector.self)
        let certificate = try Certificate(der: try #require(Hexadecimal.decode(vector.der)))
        #expect(certificate.relayKey == NodeKey(untyped: vector.serverPublic))
        #expect(certificate.commonName == "derpkey" + vector.serverPublic)
        #expect(certificate.notAfter == certificate.notBefore.adding(days: 60))
        #expect(certificate.der == Hexadecimal.decode(vector.der))
    }

    @Test func ourMetaCertificateHasTheFormOfTheRecordedOne() throws {
        let vector = try Vector.load("derp/meta-certificate.json", as: MetaVector.self)
        let recorded = try #require(Hexadecimal.decode(vector.der))
        let key = try #require(NodeKey(untyped: vector.serverPublic))
        let made = try Certificate.meta(relayKey: key, at: Certificate(der: recorded).notBefore.adding(days: 30)).der
        #expect(made.count == recorded.count)
        // They differ in the Ed25519 key and the signature alone.
        let differing = zip(made, recorded).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
        #expect(differing.allSatisfy { made[..<$0].count > 200 })
        #expect(differing.count <= 32 + 64)
    }

    @Test func anOrdinaryCertificateNamesNoRelay() throws {
        let identity = try Fixture.identity.get()
        #expect(identity.certificate.relayKey == nil)
    }

    @Test func aDamagedCertificateIsRefusedAtEveryLength() throws {
        let der = try Fixture.identity.get().certificate.der
        for count in stride(from: 0, to: der.count, by: 3) {
            #expect(throws: CertificateError.self) { _ = try Certificate(der: Array(der[..<count])) }
        }
        #expect(throws: CertificateError.self) { _ = try Certificate(der: der + [0]) }
    }

    @Test func aSelfSignedCertificateIsForItsNamesAndLastsTenYears() throws {
        let now = CertificateTime(secondsSince1970: 1_750_000_000)
        let addresses = [IPAddress(198, 51, 100, 7), try #require(IPAddress("2001:db8::7"))]
        let made = try TLSIdentity.selfSigned(names: ["a.example", "*.b.example"], addresses: addresses, at: now).certificate
        #expect(made.names == ["a.example", "*.b.example", "198.51.100.7", "2001:db8::7"])
        #expect(made.isFor(host: "a.example"))
        #expect(made.isFor(host: "x.b.example"))
        #expect(!made.isFor(host: "x.y.b.example"))
        #expect(made.isFor(host: "198.51.100.7"))
        #expect(made.isFor(host: "2001:db8:0::7"))
        #expect(!made.isFor(host: "198.51.100.8"))
        #expect(made.notBefore == now.adding(days: -30))
        #expect(made.notAfter == now.adding(days: 3650))
        #expect(made.notAfter.description == "2035-06-13T15:06:40Z")
    }

    @Test func aNameWithAListInItStaysOneName() throws {
        let made = try TLSIdentity.selfSigned(names: ["a.example,DNS:b.example"], addresses: []).certificate
        #expect(made.names == ["a.example,DNS:b.example"])
        #expect(!made.isFor(host: "b.example"))
    }

    @Test func filesComeBackAndTheKeyIsPrivate() throws {
        let folder = try TemporaryFolder()
        let identity = try Fixture.identity.get()
        try identity.save(certificateFile: folder.path("cert.pem"), keyFile: folder.path("key.pem"))
        let loaded = try TLSIdentity(certificateFile: folder.path("cert.pem"), keyFile: folder.path("key.pem"))
        #expect(loaded.certificate.pin == identity.certificate.pin)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path("key.pem"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // A second time over the first.
        try identity.save(certificateFile: folder.path("cert.pem"), keyFile: folder.path("key.pem"))
    }

    @Test func aKeyOfAnotherCertificateIsRefused() throws {
        let identity = try Fixture.identity.get()
        #expect(throws: CertificateError.keyDoesNotFit) {
            _ = try TLSIdentity(chain: identity.chain, key: SigningKey.makeP256())
        }
        #expect(throws: CertificateError.self) { _ = try TLSIdentity(chain: [], key: identity.key) }
    }

    @Test func aMissingFileSaysItsPath() throws {
        #expect(throws: CertificateError.unreadable(path: "/nonexistent/c.pem", reason: "No such file or directory")) {
            _ = try TLSIdentity(certificateFile: "/nonexistent/c.pem", keyFile: "/nonexistent/k.pem")
        }
    }

    @Test func textsThatAreNoPEMAreRefused() throws {
        let identity = try Fixture.identity.get()
        let pem = PEM.text(of: identity.chain)
        #expect(throws: CertificateError.self) { _ = try PEM.certificates(in: Array("hello".utf8)) }
        #expect(throws: CertificateError.self) { _ = try PEM.certificates(in: []) }
        #expect(throws: CertificateError.self) { _ = try PEM.certificates(in: pem + Array(pem.dropLast(60))) }
        #expect(throws: CertificateError.self) { _ = try SigningKey(pem: pem) }
        #expect(try PEM.certificates(in: pem + pem).count == 2)
    }

    @Test func anEncryptedKeyIsNamedSo() throws {
        // A key under a pass phrase begins so; what follows does not matter.
        let pem = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjKbVpr3g6JxgICCAAw
            -----END ENCRYPTED PRIVATE KEY-----

            """
        #expect(throws: CertificateError.encryptedKey) { _ = try SigningKey(pem: Array(pem.utf8)) }
    }

    @Test func pinsHaveATextForm() throws {
        let text = "sha256-raw:" + String(repeating: "a5", count: 32)
        #expect(CertificatePin(text)?.description == text)
        #expect(CertificatePin(text.uppercased()) == nil)
        #expect(CertificatePin(text.dropLast()) == nil)
        #expect(CertificatePin("sha256:" + text.dropFirst(11)) == nil)
    }

    @Test func hashesAreTheKnownOnes() {
        // FIPS 180-4 examples for "abc".
        #expect(Hexadecimal.encode(MessageDigest.sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(Hexadecimal.encode(MessageDigest.sha256(Array("abc".utf8))).hasPrefix("ba7816bf8f01cfea414140de5dae2223"))
    }
}

private struct MetaVector: Decodable {
    let serverPublic: String
    let der: String
}

/// A folder that is gone after the test.
private final class TemporaryFolder {
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "causeway-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)  // A left-over folder harms nobody.
    }

    func path(_ name: String) -> String { url.appending(path: name).path }
}

internal import Foundation
internal import Logging
internal import TLS
internal import Wire

/// The certificate of the server: the operator's files, or one that it signs itself and keeps in its data directory.
struct ServerCertificate: Sendable {
    private let directory: DataDirectory
    private let serverKey: NodeKey
    private let logger: Logger

    init(directory: DataDirectory, serverKey: NodeKey, logger: Logger) {
        self.directory = directory
        self.serverKey = serverKey
        self.logger = logger
    }

    /// Reads the files, or makes the self-signed certificate at the first start, which clients must pin.
    func load(_ settings: Settings.TLS, hosts: [String]) throws(StartError) -> (context: TLSContext, pin: CertificatePin?) {
        let isSelfSigned = settings.certificate.isEmpty
        do {
            let identity =
                isSelfSigned
                ? try ownIdentity(hosts) : try TLSIdentity(certificateFile: settings.certificate, keyFile: settings.key)
            return (try TLSContext(server: identity, relayKey: serverKey), isSelfSigned ? identity.certificate.pin : nil)
        } catch let error as StartError {
            throw error
        } catch {
            let file = isSelfSigned ? directory.certificateFile : settings.certificate
            let remedy = isSelfSigned ? "remove it, and another is made" : "check --tls-certificate and --tls-key"
            throw StartError(.data, "the certificate \(file) cannot be used: \(error); \(remedy)")
        }
    }

    private func ownIdentity(_ hosts: [String]) throws -> TLSIdentity {
        if FileManager.default.fileExists(atPath: directory.certificateFile) {
            let identity = try TLSIdentity(certificateFile: directory.certificateFile, keyFile: directory.certificateKeyFile)
            // Another certificate is another pin, which every client would have to be told: the operator decides.
            for name in hosts where IPAddress(name) == nil && !identity.certificate.isFor(host: name) {
                logger.warning(
                    "the self-signed certificate is not for this name; to make another, stop the server and remove the file",
                    metadata: ["name": "\(name)", "file": "\(directory.certificateFile)"])
            }
            return identity
        }
        let loopback = ["127.0.0.1", "::1"]
        let addresses = (hosts + loopback).compactMap { IPAddress($0) }
        let names = hosts.filter { IPAddress($0) == nil } + ["localhost"]
        let identity = try TLSIdentity.selfSigned(names: Array(Set(names)).sorted(), addresses: Array(Set(addresses)))
        try identity.save(certificateFile: directory.certificateFile, keyFile: directory.certificateKeyFile)
        return identity
    }
}

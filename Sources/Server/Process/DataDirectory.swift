package import CryptoBox
internal import Foundation
internal import Glibc
internal import Wire

/// The files of one server: a directory that is its owner's alone.
package struct DataDirectory: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var databaseFile: String { path + "/causeway.db" }
    package var keyFile: String { path + "/server.key" }
    package var certificateFile: String { path + "/certificate.pem" }
    package var certificateKeyFile: String { path + "/certificate.key" }
    package var adminSocket: String { path + "/admin.sock" }
    package var adminTokenFile: String { path + "/admin.token" }

    /// Makes the directory if it is missing. That only one server runs on it is the database's to see to.
    package func open() throws(StartError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StartError(.data, "cannot make the data directory \(path); give another with --data, or make it writable")
        }
    }

    /// The server's private key: read, or made at the first start.
    package func serverKey() throws(StartError) -> NodePrivateKey {
        // A file that cannot be read is told apart from none below.
        if let text = try? String(contentsOfFile: keyFile, encoding: .utf8) {
            guard let key = NodePrivateKey(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw StartError(.data, "\(keyFile) is damaged; restore it, or remove it: every client must then learn a new key")
            }
            return key
        }
        guard !FileManager.default.fileExists(atPath: keyFile) else {
            throw StartError(.data, "cannot read \(keyFile); check its owner and mode")
        }
        var random = SystemRandomNumberGenerator()
        let key = NodePrivateKey(using: &random)
        try writeSecret(key.secretText + "\n", to: keyFile)
        return key
    }

    /// Writes a file that only its owner may read, whole or not at all.
    package func writeSecret(_ text: String, to file: String) throws(StartError) {
        let temporary = "\(file).\(getpid())"
        let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StartError(.data, "cannot write \(file); check the data directory's owner and mode") }
        let bytes = Array(text.utf8)
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, file) == 0 else {
            unlink(temporary)
            throw StartError(.data, "cannot write \(file); is the disk full?")
        }
    }
}

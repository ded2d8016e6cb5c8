internal import COpenSSL
internal import Glibc

/// Reads and writes files and texts in PEM form (RFC 7468).
package enum PEM {
    /// The largest certificate or key file that is read; a chain has some 10 KB.
    package static let maximumFileSize = 1 << 20

    /// The certificates of a PEM text, in their order.
    package static func certificates(in pem: [UInt8]) throws(CertificateError) -> [Certificate] {
        ERR_clear_error()
        let bio = BIO_new_mem_buf(pem, Int32(clamping: pem.count))
        defer {
            BIO_free(bio)
            ERR_clear_error()
        }
        var certificates: [Certificate] = []
        while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
            certificates.append(Certificate(owning: certificate))
        }
        // The reader ends with "no start line"; anything else is a damaged certificate.
        let code = ERR_peek_last_error()
        guard causeway_error_reason(code) == PEM_R_NO_START_LINE else {
            throw .malformed("certificate \(certificates.count + 1) is damaged: \(TLSError.libraryText(code))")
        }
        guard !certificates.isEmpty else { throw .malformed("there is no certificate in PEM form") }
        return certificates
    }

    /// The PEM text of certificates.
    package static func text(of certificates: [Certificate]) -> [UInt8] {
        certificates.flatMap { certificate in write { PEM_write_bio_X509($0, certificate.pointer) } }
    }

    /// Reads a whole file.
    package static func read(_ path: String) throws(CertificateError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
            guard count > 0 else { return content }
            content += chunk[..<count]
            guard content.count <= maximumFileSize else { throw .unreadable(path: path, reason: "it is larger than 1 MiB") }
        }
    }

    /// Writes a file in one step: a reader sees the old content or all of the new one.
    ///
    /// - Parameter isSecret: whether only the owner may read it (mode 0600), from the first byte on.
    package static func save(_ content: [UInt8], to path: String, isSecret: Bool) throws(CertificateError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(isSecret ? 0o600 : 0o644))
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        let isWritten = write(content, to: descriptor) && fsync(descriptor) == 0
        let reason = errno
        close(descriptor)
        guard isWritten else {
            unlink(temporary)
            throw .unwritable(path: path, reason: String(cString: strerror(reason)))
        }
        guard rename(temporary, path) == 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
    }

    /// What `body` writes into a memory BIO.
    static func write(_ body: (OpaquePointer?) -> Int32) -> [UInt8] {
        let bio = causeway_memory_bio()
        defer { BIO_free(bio) }
        let isWritten = body(bio) == 1
        precondition(isWritten, "libcrypto could not print an object of its own")
        var start: UnsafeMutablePointer<CChar>?
        let count = causeway_memory_bio_content(bio, &start)
        return start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
    }

    private static func write(_ content: [UInt8], to descriptor: Int32) -> Bool {
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

internal import Coordination
internal import CryptoBox
internal import Foundation
internal import Wire

/// Admin tokens: whoever holds one may do over the network what the operator does over the Unix socket.
enum AdminTokenPurpose: SecretPurpose {
    static let prefix = "cwa_"
}

/// The server's admin token: its SHA-256 stands in a file of the data directory; without the file there is none.
struct AdminToken: Sendable {
    private let file: String

    init(file: String) {
        self.file = file
    }

    /// Makes a token, keeps its hash, and answers the text that is shown once.
    static func make(in directory: DataDirectory) throws(StartError) -> String {
        var random = SystemRandomNumberGenerator()
        let token = Secret<AdminTokenPurpose>(using: &random)
        try directory.writeSecret(Hexadecimal.encode(token.hash.bytes) + "\n", to: directory.adminTokenFile)
        return token.secretText
    }

    /// Throws unless the request shows the token. The file is read each time, so that a token can be changed while the server runs.
    func authorize(_ exchange: Exchange) throws {
        // No file means no token, and that nobody is let in.
        let stored = (try? String(contentsOfFile: file, encoding: .utf8)).flatMap {
            Hexadecimal.decode($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        guard let stored, let token = exchange.bearerToken.flatMap({ Secret<AdminTokenPurpose>($0) }),
            Digest.constantTimeEqual(stored, token.hash.bytes)
        else {
            throw Problem(
                .unauthorized, detail: "Make an admin token with `causeway-server keygen admin`, or use the Unix socket.")
        }
    }
}

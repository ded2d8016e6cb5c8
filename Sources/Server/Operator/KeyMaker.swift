internal import CryptoBox
internal import Wire

/// Makes the keys that operators need in files.
package enum KeyMaker {
    package enum Kind: String, CaseIterable, Sendable {
        /// A node's private key and its public half.
        case node
        /// The secret that the relays of one mesh share.
        case mesh
        /// The token of the admin API over the network; its hash is kept in the data directory.
        case admin
    }

    /// - Parameter data: the data directory, for `admin`.
    package static func make(_ kind: Kind, data: String, isJSON: Bool) throws(StartError) -> String {
        var random = SystemRandomNumberGenerator()
        switch kind {
        case .node:
            let key = NodePrivateKey(using: &random)
            return isJSON
                ? "{\"privateKey\":\"\(key.secretText)\",\"publicKey\":\"\(key.publicKey)\"}"
                : "\(key.secretText)\n\(key.publicKey)"
        case .mesh:
            let digits = Hexadecimal.encode(random.bytes(32))
            return isJSON ? "{\"meshKey\":\"\(digits)\"}" : digits
        case .admin:
            let token = try AdminToken.make(in: DataDirectory(path: data))
            return isJSON ? "{\"token\":\"\(token)\"}" : token
        }
    }
}

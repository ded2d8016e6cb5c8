package import CryptoBox
package import Wire

/// Why a proof of possession is refused.
package enum ProofError: Error, Equatable {
    /// It is not the text of a sealed box.
    case malformed
    /// The box does not open: another key sealed it, it was sealed for another server, or it was changed.
    case foreign
    /// It opens, and proves possession for another method, path or body.
    case otherRequest
}

/// A proof that the sender of a request holds a node's private key.
///
/// A fresh challenge of the server, sealed with `crypto_box` from the node's private key to the server's public key and
/// bound to the request. It travels in a header, so that it covers the body's bytes exactly as they are sent:
/// ```
/// Causeway-Proof: base64url(nonce 24 ‖ crypto_box(plaintext))
/// plaintext: 0                    19          51                                  83
///            +--------------------+-----------+-----------------------------------+------------------+
///            | "causeway-proof-v1\n\0" | challenge | SHA-256(METHOD ‖ " " ‖ PATH ‖ "\n") | SHA-256(body) |
///            +--------------------+-----------+-----------------------------------+------------------+
/// ```
package enum Proof {
    /// The header that carries the proof of the node's present key, or of its first one when it registers.
    package static let headerName = "Causeway-Proof"
    /// The header that carries the proof of the node key that a rotation brings in.
    package static let newKeyHeaderName = "Causeway-New-Key-Proof"
    /// The longest header value worth decoding: a proof has 208 characters.
    package static let maximumTextByteCount = 256

    /// What a proof is bound to.
    package struct Request: Sendable {
        package let method: String
        package let path: String
        package let body: [UInt8]

        /// - Parameters:
        ///   - method: The HTTP method in capitals.
        ///   - path: The path without query, as it stands in the request line.
        ///   - body: The body's bytes as they are on the wire.
        package init(method: String, path: String, body: [UInt8]) {
            self.method = method
            self.path = path
            self.body = body
        }
    }

    /// Evidence that the sender of a request holds a private key; only `open` makes one.
    package struct Verified: Equatable, Sendable {
        /// The key whose possession is proven.
        package let nodeKey: NodeKey
        /// The challenge that was sealed; `Registry` accepts it once.
        package let challenge: Challenge

        fileprivate init(nodeKey: NodeKey, challenge: Challenge) {
            self.nodeKey = nodeKey
            self.challenge = challenge
        }
    }

    /// The node's side: seals `challenge` for a request, for the header's value.
    package static func seal(
        _ challenge: Challenge, for request: Request, from node: NodePrivateKey, to server: NodeKey,
        using random: inout some RandomNumberGenerator
    ) throws(KeyError) -> String {
        let secret = try node.sharedSecret(with: server)
        return Base64URL.encode(
            secret.seal(magic + challenge.bytes + binding(of: request), using: &random))
    }

    /// The server's side: opens a header's value. The registry must still accept the challenge in it.
    package static func open(
        _ text: some StringProtocol, for request: Request, from node: NodeKey, to server: NodePrivateKey
    ) throws(ProofError) -> Verified {
        guard text.utf8.count <= maximumTextByteCount, let sealed = Base64URL.decode(text),
            sealed.count == SharedSecret.overhead + magic.count + Challenge.byteCount + bindingByteCount
        else { throw .malformed }
        // `try?`: a low-order key proves nothing, like any other foreign one.
        guard let secret = try? server.sharedSecret(with: node),
            let plaintext = secret.open(sealed.bytes), plaintext.starts(with: magic),
            let challenge = Challenge(Array(plaintext[magic.count..<magic.count + Challenge.byteCount]))
        else { throw .foreign }
        guard Digest.constantTimeEqual(Array(plaintext.suffix(bindingByteCount)), binding(of: request)) else {
            throw .otherRequest
        }
        return Verified(nodeKey: node, challenge: challenge)
    }

    private static let magic = Array("causeway-proof-v1\n\0".utf8)
    private static let bindingByteCount = 64

    private static func binding(of request: Request) -> [UInt8] {
        Digest.sha256(Array("\(request.method) \(request.path)\n".utf8)) + Digest.sha256(request.body)
    }
}

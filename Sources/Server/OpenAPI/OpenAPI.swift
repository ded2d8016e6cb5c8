/// The API's description, OpenAPI 3.1, served at `/v1/openapi.yaml`: what a status code or member is called here is a promise.
enum OpenAPI {
    /// The whole document.
    static let document = head + Operation.yaml(of: nodeOperations + adminOperations + otherOperations) + components + schemas

    private static let head = """
        openapi: 3.1.0
        info:
          title: Causeway coordination
          version: \(ServerProcess.version)
          summary: Registers nodes, tells them of each other, and lets operators look after them.
          description: |
            Times are RFC 3339 in UTC. Keys are text: `nodekey:` or `discokey:` and 64 hexadecimal digits. Members that the server
            does not know are ignored. Errors are RFC 9457 problem documents whose `type` is stable. A body has at most 64 KiB.

            A proof of possession is `base64url(nonce ‖ crypto_box(plaintext))` without padding, sealed from the node's private key to the
            server's public key. The plaintext is the 19 bytes `causeway-proof-v1\\n\\0`, the 32 bytes of the challenge, the SHA-256 of
            `METHOD PATH\\n`, and the SHA-256 of the body as sent.
          license:
            name: Apache-2.0
            identifier: Apache-2.0
        servers:
          - url: /
        tags:
          - name: nodes
            description: What nodes ask.
          - name: admin
            description: What operators ask, with the admin token, or without it over the Unix socket in the data directory.
          - name: server
            description: What anybody may ask.
        paths:

        """
}

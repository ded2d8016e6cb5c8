extension OpenAPI {
    /// The body of every refusal.
    private static let problem = "content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }"

    static let components = """
        components:
          securitySchemes:
            nodeToken: { type: http, scheme: bearer, description: The token of the registration. }
            adminToken: { type: http, scheme: bearer, description: The token that `causeway-server keygen admin` makes. }
          parameters:
            ID:
              name: id
              in: path
              required: true
              schema: { type: integer, format: int64, minimum: 1, maximum: 9223372036854775807 }
            Network:
              name: network
              in: query
              description: A network's name; all networks without it.
              schema: { type: string }
            Proof:
              name: Causeway-Proof
              in: header
              required: true
              description: The proof of the node's present key.
              schema: { type: string }
            NewKeyProof:
              name: Causeway-New-Key-Proof
              in: header
              description: The proof of the node key that a rotation brings in, with the same challenge.
              schema: { type: string }
          responses:
            BadRequest:
              description: The request does not have the documented form.
              \(problem)
            Unauthorized:
              description: The token is missing or not valid.
              headers: { WWW-Authenticate: { schema: { type: string } } }
              \(problem)
            Forbidden:
              description: The join key, proof, challenge or node is refused; `type` says which.
              \(problem)
            NotFound:
              description: There is no such thing.
              \(problem)
            Conflict:
              description: The request does not fit the present state; `type` says why.
              \(problem)
            BodyTooLarge:
              description: The body has more than 64 KiB.
              \(problem)
            UnsupportedMediaType:
              description: The body is not application/json.
              \(problem)
            Unprocessable:
              description: A value is not acceptable; `type` says which.
              \(problem)
            TooManyRequests:
              description: Too many requests of this source or node.
              headers: { Retry-After: { schema: { type: integer } } }
              \(problem)
            Unavailable:
              description: The server cannot do this at the moment.
              headers: { Retry-After: { schema: { type: integer } } }
              \(problem)

        """
}

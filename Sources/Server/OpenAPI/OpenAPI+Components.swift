extension OpenAPI {
    static let otherPaths = """
          /derpmap.json:
            get:
              operationId: getDERPMap
              tags: [server]
              summary: This relay as a DERP map, for Tailscale and Headscale.
              responses:
                '200':
                  description: The map.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [Regions]
                        properties:
                          Regions: { type: object, additionalProperties: { type: object } }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /verify:
            post:
              operationId: verify
              tags: [server]
              summary: The admission question that a DERP server asks. Any media type is taken as JSON.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [NodePublic]
                      properties:
                        NodePublic: { $ref: '#/components/schemas/NodeKey' }
                        Source: { type: [string, 'null'] }
              responses:
                '200':
                  description: The answer.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [Allow]
                        properties:
                          Allow: { type: boolean }
                '400': { $ref: '#/components/responses/BadRequest' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
          /healthz:
            get:
              operationId: isHealthy
              tags: [server]
              summary: Whether the process answers.
              responses:
                '200': { $ref: '#/components/responses/Text' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
          /readyz:
            get:
              operationId: isReady
              tags: [server]
              summary: Whether the server does its whole work.
              responses:
                '200': { $ref: '#/components/responses/Text' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /generate_204:
            get:
              operationId: testCaptivePortal
              tags: [server]
              summary: The captive-portal test.
              parameters:
                - name: X-Tailscale-Challenge
                  in: header
                  description: Up to 64 letters, digits and `.-_:` come back as `X-Tailscale-Response`.
                  schema: { type: string }
              responses:
                '204': { description: Nothing, straight from the server. }
                '429': { $ref: '#/components/responses/TooManyRequests' }

        """

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
            Text:
              description: A line of text.
              content:
                text/plain:
                  schema: { type: string }
            BadRequest:
              description: The request does not have the documented form.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            Unauthorized:
              description: The token is missing or not valid.
              headers: { WWW-Authenticate: { schema: { type: string } } }
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            Forbidden:
              description: The join key, proof, challenge or node is refused; `type` says which.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            NotFound:
              description: There is no such thing.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            Conflict:
              description: The request does not fit the present state; `type` says why.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            BodyTooLarge:
              description: The body has more than 64 KiB.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            UnsupportedMediaType:
              description: The body is not application/json.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            Unprocessable:
              description: A value is not acceptable; `type` says which.
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            TooManyRequests:
              description: Too many requests of this source or node.
              headers: { Retry-After: { schema: { type: integer } } }
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }
            Unavailable:
              description: The server cannot do this at the moment.
              headers: { Retry-After: { schema: { type: integer } } }
              content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } }

        """
}

extension OpenAPI {
    static let nodePaths = """
        paths:
          /v1/server:
            get:
              operationId: getServer
              tags: [server]
              summary: Who the server is and what it offers.
              responses:
                '200':
                  description: The server.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/ServerDescription' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/openapi.yaml:
            get:
              operationId: getDescription
              tags: [server]
              summary: This document.
              responses:
                '200':
                  description: OpenAPI 3.1.
                  content:
                    application/yaml:
                      schema: {}
                '429': { $ref: '#/components/responses/TooManyRequests' }
          /v1/challenges:
            post:
              operationId: createChallenge
              tags: [nodes]
              summary: A challenge for a proof of possession, valid for 60 s, once. A body is ignored.
              responses:
                '200':
                  description: The challenge.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Challenge' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/nodes:
            post:
              operationId: registerNode
              tags: [nodes]
              summary: Register with a join key, or again with the same node key for a new token.
              parameters:
                - { $ref: '#/components/parameters/Proof' }
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/Registration' }
              responses:
                '200':
                  description: The node is registered; an older token of it is void.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Registered' }
                '400': { $ref: '#/components/responses/BadRequest' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '409': { $ref: '#/components/responses/Conflict' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '415': { $ref: '#/components/responses/UnsupportedMediaType' }
                '422': { $ref: '#/components/responses/Unprocessable' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/nodes/self:
            delete:
              operationId: leave
              tags: [nodes]
              summary: Leave the network; the token is void.
              security: [{ nodeToken: [] }]
              responses:
                '204': { description: The node is gone. }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/nodes/self/candidates:
            put:
              operationId: putCandidates
              tags: [nodes]
              summary: Replace all that the node publishes.
              security: [{ nodeToken: [] }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/CandidateUpdate' }
              responses:
                '204': { description: The list is taken; peers are told. }
                '400': { $ref: '#/components/responses/BadRequest' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '404': { $ref: '#/components/responses/NotFound' }
                '409': { $ref: '#/components/responses/Conflict' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '415': { $ref: '#/components/responses/UnsupportedMediaType' }
                '422': { $ref: '#/components/responses/Unprocessable' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/nodes/self/keys:
            put:
              operationId: rotateKeys
              tags: [nodes]
              summary: Replace the node key, the disco key, or both. The relay connection of the old node key is cut.
              security: [{ nodeToken: [] }]
              parameters:
                - { $ref: '#/components/parameters/Proof' }
                - { $ref: '#/components/parameters/NewKeyProof' }
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/KeyRotation' }
              responses:
                '200':
                  description: The node with its keys; the token stays valid.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [node]
                        properties:
                          node: { $ref: '#/components/schemas/Peer' }
                '400': { $ref: '#/components/responses/BadRequest' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '404': { $ref: '#/components/responses/NotFound' }
                '409': { $ref: '#/components/responses/Conflict' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '415': { $ref: '#/components/responses/UnsupportedMediaType' }
                '422': { $ref: '#/components/responses/Unprocessable' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/peers:
            get:
              operationId: getPeers
              tags: [nodes]
              summary: The network's nodes.
              security: [{ nodeToken: [] }]
              responses:
                '200':
                  description: The nodes, and the event from which a stream goes on.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/PeerList' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/peers/stream:
            get:
              operationId: streamPeers
              tags: [nodes]
              summary: The network's changes as Server-Sent Events; it does not end by itself.
              description: |
                First a `snapshot` (data: PeerList), or with `Last-Event-ID` the changes missed since; then `added` and `changed`
                (data: Peer) and `removed` (data: RemovedPeer). A comment every 15 s keeps the connection alive.
              security: [{ nodeToken: [] }]
              parameters:
                - name: Last-Event-ID
                  in: header
                  description: The last event seen. One of another run of the server, or of no known form, resumes nothing.
                  schema: { type: string }
              responses:
                '200':
                  description: The stream.
                  content:
                    text/event-stream:
                      schema: { type: string }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }

        """
}

extension OpenAPI {
    static let adminPaths = """
          /v1/admin/networks:
            get:
              operationId: listNetworks
              tags: [admin]
              summary: All networks.
              security: [{ adminToken: [] }]
              responses:
                '200':
                  description: The networks.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [networks]
                        properties:
                          networks: { type: array, items: { $ref: '#/components/schemas/Network' } }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
            post:
              operationId: createNetwork
              tags: [admin]
              summary: Make a network.
              security: [{ adminToken: [] }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [name]
                      properties:
                        name: { $ref: '#/components/schemas/Name' }
              responses:
                '201':
                  description: The network.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Network' }
                '400': { $ref: '#/components/responses/BadRequest' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '409': { $ref: '#/components/responses/Conflict' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '415': { $ref: '#/components/responses/UnsupportedMediaType' }
                '422': { $ref: '#/components/responses/Unprocessable' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/admin/networks/{id}:
            delete:
              operationId: removeNetwork
              tags: [admin]
              summary: Remove a network without nodes, and its join keys. The network `default` stays.
              security: [{ adminToken: [] }]
              parameters:
                - { $ref: '#/components/parameters/ID' }
              responses:
                '204': { description: The network is gone. }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '403': { $ref: '#/components/responses/Forbidden' }
                '404': { $ref: '#/components/responses/NotFound' }
                '409': { $ref: '#/components/responses/Conflict' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/admin/join-keys:
            get:
              operationId: listJoinKeys
              tags: [admin]
              summary: All join keys that are remembered, without the keys themselves.
              security: [{ adminToken: [] }]
              responses:
                '200':
                  description: The join keys.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [joinKeys]
                        properties:
                          joinKeys: { type: array, items: { $ref: '#/components/schemas/JoinKey' } }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
            post:
              operationId: createJoinKey
              tags: [admin]
              summary: Make a join key. An empty object makes a single-use key for the network `default`, good for a day.
              security: [{ adminToken: [] }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/NewJoinKey' }
              responses:
                '201':
                  description: The join key; it is shown this once.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/CreatedJoinKey' }
                '400': { $ref: '#/components/responses/BadRequest' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '409': { $ref: '#/components/responses/Conflict' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '415': { $ref: '#/components/responses/UnsupportedMediaType' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/admin/join-keys/{id}:
            delete:
              operationId: revokeJoinKey
              tags: [admin]
              summary: Revoke a join key; its nodes stay.
              security: [{ adminToken: [] }]
              parameters:
                - { $ref: '#/components/parameters/ID' }
              responses:
                '200':
                  description: The join key, revoked.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/JoinKey' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/admin/nodes:
            get:
              operationId: listNodes
              tags: [admin]
              summary: The nodes of one network, or of all.
              security: [{ adminToken: [] }]
              parameters:
                - { $ref: '#/components/parameters/Network' }
              responses:
                '200':
                  description: The nodes.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [nodes]
                        properties:
                          nodes: { type: array, items: { $ref: '#/components/schemas/Node' } }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
          /v1/admin/nodes/{id}:
            parameters:
              - { $ref: '#/components/parameters/ID' }
            get:
              operationId: getNode
              tags: [admin]
              summary: One node.
              security: [{ adminToken: [] }]
              responses:
                '200':
                  description: The node.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Node' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
            patch:
              operationId: changeNode
              tags: [admin]
              summary: Rename a node, or change its expiry. A time that has passed cuts it off at once.
              security: [{ adminToken: [] }]
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/NodeChange' }
              responses:
                '200':
                  description: The node as it is by then.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Node' }
                '400': { $ref: '#/components/responses/BadRequest' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '409': { $ref: '#/components/responses/Conflict' }
                '413': { $ref: '#/components/responses/BodyTooLarge' }
                '415': { $ref: '#/components/responses/UnsupportedMediaType' }
                '422': { $ref: '#/components/responses/Unprocessable' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
            delete:
              operationId: removeNode
              tags: [admin]
              summary: Remove a node and cut it off.
              security: [{ adminToken: [] }]
              responses:
                '204': { description: The node is gone. }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
                '503': { $ref: '#/components/responses/Unavailable' }
          /v1/admin/pairs:
            get:
              operationId: listPairs
              tags: [admin]
              summary: How pairs of nodes reach each other, and why not directly.
              security: [{ adminToken: [] }]
              parameters:
                - { $ref: '#/components/parameters/Network' }
              responses:
                '200':
                  description: The pairs of which at least one side has reported.
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/PairList' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '404': { $ref: '#/components/responses/NotFound' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
          /v1/admin/audit:
            get:
              operationId: getAudit
              tags: [admin]
              summary: The audit log, newest first.
              security: [{ adminToken: [] }]
              parameters:
                - name: before
                  in: query
                  description: Entries older than this one only.
                  schema: { type: integer, format: int64, minimum: 1, maximum: 9223372036854775807 }
                - name: limit
                  in: query
                  schema: { type: integer, minimum: 1, maximum: 1000, default: 100 }
              responses:
                '200':
                  description: The entries.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [entries]
                        properties:
                          entries: { type: array, items: { $ref: '#/components/schemas/AuditEntry' } }
                '400': { $ref: '#/components/responses/BadRequest' }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '429': { $ref: '#/components/responses/TooManyRequests' }
          /v1/admin/stats:
            get:
              operationId: getStatistics
              tags: [admin]
              summary: The statistics of the operator's listener.
              security: [{ adminToken: [] }]
              responses:
                '200':
                  description: The statistics.
                  content:
                    application/json:
                      schema: { type: object }
                '401': { $ref: '#/components/responses/Unauthorized' }
                '429': { $ref: '#/components/responses/TooManyRequests' }

        """
}

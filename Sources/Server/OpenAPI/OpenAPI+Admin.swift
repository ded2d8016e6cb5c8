extension OpenAPI {
    static let adminOperations: [Operation] = [
        admin(
            "get", "/v1/admin/networks", "listNetworks", "All networks.",
            answer: .json("The networks.", Operation.list("networks", of: "Network"))),
        admin(
            "post", "/v1/admin/networks", "createNetwork", "Make a network.",
            body: Operation.object("name", Operation.schema("Name")),
            answer: .json("The network.", Operation.schema("Network"), status: 201),
            refusals: .body + [.conflict, .unprocessable, .unavailable]),
        admin(
            "delete", "/v1/admin/networks/{id}", "removeNetwork",
            "Remove a network without nodes, and its join keys. The network `default` stays.",
            parameters: [Operation.parameter("ID")], answer: .nothing("The network is gone."),
            refusals: [.forbidden, .notFound, .conflict, .unavailable]),
        admin(
            "get", "/v1/admin/join-keys", "listJoinKeys", "All join keys that are remembered, without the keys themselves.",
            answer: .json("The join keys.", Operation.list("joinKeys", of: "JoinKey"))),
        admin(
            "post", "/v1/admin/join-keys", "createJoinKey",
            "Make a join key. An empty object makes a single-use key for the network `default`, good for a day.",
            body: Operation.schema("NewJoinKey"),
            answer: .json("The join key; it is shown this once.", Operation.schema("CreatedJoinKey"), status: 201),
            refusals: .body + [.notFound, .conflict, .unavailable]),
        admin(
            "delete", "/v1/admin/join-keys/{id}", "revokeJoinKey", "Revoke a join key; its nodes stay.",
            parameters: [Operation.parameter("ID")], answer: .json("The join key, revoked.", Operation.schema("JoinKey")),
            refusals: [.notFound, .unavailable]),
        admin(
            "get", "/v1/admin/nodes", "listNodes", "The nodes of one network, or of all.",
            parameters: [Operation.parameter("Network")], answer: .json("The nodes.", Operation.list("nodes", of: "Node")),
            refusals: [.notFound]),
        admin(
            "get", "/v1/admin/nodes/{id}", "getNode", "One node.", parameters: [Operation.parameter("ID")],
            answer: .json("The node.", Operation.schema("Node")), refusals: [.notFound]),
        admin(
            "patch", "/v1/admin/nodes/{id}", "changeNode",
            "Rename a node, or change its expiry. A time that has passed cuts it off at once.",
            parameters: [Operation.parameter("ID")], body: Operation.schema("NodeChange"),
            answer: .json("The node as it is by then.", Operation.schema("Node")),
            refusals: .body + [.notFound, .conflict, .unprocessable, .unavailable]),
        admin(
            "delete", "/v1/admin/nodes/{id}", "removeNode", "Remove a node and cut it off.",
            parameters: [Operation.parameter("ID")], answer: .nothing("The node is gone."), refusals: [.notFound, .unavailable]),
        admin(
            "get", "/v1/admin/pairs", "listPairs", "How pairs of nodes reach each other, and why not directly.",
            parameters: [Operation.parameter("Network")],
            answer: .json("The pairs of which at least one side has reported.", Operation.schema("PairList")),
            refusals: [.notFound]),
        admin(
            "get", "/v1/admin/audit", "getAudit", "The audit log, newest first.",
            parameters: [
                "{ name: before, in: query, description: Entries older than this one only., "
                    + "schema: { type: integer, format: int64, minimum: 1, maximum: 9223372036854775807 } }",
                "{ name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 1000, default: 100 } }",
            ],
            answer: .json("The entries.", Operation.list("entries", of: "AuditEntry")), refusals: [.badRequest]),
        admin(
            "get", "/v1/admin/stats", "getStatistics", "The statistics of the operator's listener.",
            answer: .json("The statistics.", "{ type: object }")),
    ]

    private static func admin(
        _ method: String, _ path: String, _ id: String, _ summary: String, parameters: [String] = [], body: String? = nil,
        answer: Operation.Answer, refusals: [Operation.Refusal] = []
    ) -> Operation {
        Operation(
            method: method, path: path, id: id, tag: .admin, summary: summary, token: .admin, parameters: parameters, body: body,
            answer: answer, refusals: .question + refusals)
    }
}

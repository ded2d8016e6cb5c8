extension OpenAPI {
    static let nodeOperations: [Operation] = [
        Operation(
            method: "get", path: "/v1/server", id: "getServer", tag: .server, summary: "Who the server is and what it offers.",
            answer: .json("The server.", Operation.schema("ServerDescription")), refusals: .change),
        Operation(
            method: "get", path: "/v1/openapi.yaml", id: "getDescription", tag: .server, summary: "This document.",
            answer: .other("OpenAPI 3.1.", "application/yaml", "{}"), refusals: [.tooManyRequests]),
        Operation(
            method: "post", path: "/v1/challenges", id: "createChallenge", tag: .nodes,
            summary: "A challenge for a proof of possession, valid for 60 s, once. A body is ignored.",
            answer: .json("The challenge.", Operation.schema("Challenge")), refusals: .change),
        Operation(
            method: "post", path: "/v1/nodes", id: "registerNode", tag: .nodes,
            summary: "Register with a join key, or again with the same node key for a new token.",
            parameters: [Operation.parameter("Proof")], body: Operation.schema("Registration"),
            answer: .json("The node is registered; an older token of it is void.", Operation.schema("Registered")),
            refusals: .body + .change + [.forbidden, .conflict, .unprocessable]),
        Operation(
            method: "delete", path: "/v1/nodes/self", id: "leave", tag: .nodes, summary: "Leave the network; the token is void.",
            token: .node, answer: .nothing("The node is gone."), refusals: .node),
        Operation(
            method: "put", path: "/v1/nodes/self/candidates", id: "putCandidates", tag: .nodes,
            summary: "Replace all that the node publishes.", token: .node, body: Operation.schema("CandidateUpdate"),
            answer: .nothing("The list is taken; peers are told."), refusals: .node + .body + [.conflict, .unprocessable]),
        Operation(
            method: "put", path: "/v1/nodes/self/keys", id: "rotateKeys", tag: .nodes,
            summary: "Replace the node key, the disco key, or both. The relay connection of the old node key is cut.",
            token: .node, parameters: [Operation.parameter("Proof"), Operation.parameter("NewKeyProof")],
            body: Operation.schema("KeyRotation"),
            answer: .json(
                "The node with its keys; the token stays valid.", Operation.object("node", Operation.schema("Peer"))),
            refusals: .node + .body + [.conflict, .unprocessable]),
        Operation(
            method: "get", path: "/v1/peers", id: "getPeers", tag: .nodes, summary: "The network's nodes.", token: .node,
            answer: .json("The nodes, and the event from which a stream goes on.", Operation.schema("PeerList")),
            refusals: .node),
        Operation(
            method: "get", path: "/v1/peers/stream", id: "streamPeers", tag: .nodes,
            summary: "The network's changes as Server-Sent Events; it does not end by itself.",
            description: """
                First a `snapshot` (data: PeerList), or with `Last-Event-ID` the changes missed since; then `added` and `changed`
                (data: Peer) and `removed` (data: RemovedPeer). A comment every 15 s keeps the connection alive. A node has at most
                \(PeerStreams.maximumPerNode) streams: the oldest gives way to the next.
                """,
            token: .node, parameters: [lastEvent], answer: .other("The stream.", "text/event-stream", "{ type: string }"),
            refusals: .node),
    ]

    private static let lastEvent =
        "{ name: Last-Event-ID, in: header, schema: { type: string }, "
        + "description: \"The last event seen. One of another run of the server, or of no known form, resumes nothing.\" }"
}

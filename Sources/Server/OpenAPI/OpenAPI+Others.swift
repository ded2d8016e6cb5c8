extension OpenAPI {
    static let otherOperations: [Operation] = [
        Operation(
            method: "get", path: "/derpmap.json", id: "getDERPMap", tag: .server,
            summary: "This relay as a DERP map, for Tailscale and Headscale.",
            answer: .json(
                "The map.", Operation.object("Regions", "{ type: object, additionalProperties: { type: object } }")),
            refusals: .change),
        Operation(
            method: "post", path: "/verify", id: "verify", tag: .server,
            summary: "The admission question that a DERP server asks. Any media type is taken as JSON.",
            body: "{ type: object, required: [NodePublic], properties: { NodePublic: \(Operation.schema("NodeKey")), "
                + "Source: { type: [string, 'null'] } } }",
            answer: .json("The answer.", Operation.object("Allow", "{ type: boolean }")),
            refusals: [.badRequest, .bodyTooLarge, .tooManyRequests]),
        Operation(
            method: "get", path: "/healthz", id: "isHealthy", tag: .server, summary: "Whether the process answers.",
            answer: line, refusals: [.tooManyRequests]),
        Operation(
            method: "get", path: "/readyz", id: "isReady", tag: .server, summary: "Whether the server does its whole work.",
            answer: line, refusals: .change),
        Operation(
            method: "get", path: "/generate_204", id: "testCaptivePortal", tag: .server, summary: "The captive-portal test.",
            parameters: [
                "{ name: X-Tailscale-Challenge, in: header, schema: { type: string }, "
                    + "description: \"Up to 64 letters, digits and `.-_:` come back as `X-Tailscale-Response`.\" }"
            ],
            answer: .nothing("Nothing, straight from the server."), refusals: [.tooManyRequests]),
        Operation(
            method: "get", path: "/bootstrap-dns", id: "getBootstrapAddresses", tag: .server,
            summary: "Addresses of the names in the server's configuration, for clients whose DNS fails.",
            parameters: [
                "{ name: q, in: query, schema: { type: string }, description: \"The one name that is asked for; others get all.\" }"
            ],
            answer: .json(
                "Addresses by name.", "{ type: object, additionalProperties: { type: array, items: { type: string } } }"),
            refusals: [.tooManyRequests]),
    ]

    private static let line = Operation.Answer.other("A line of text.", "text/plain", "{ type: string }")
}

/// One operation of the API's description.
struct Operation {
    enum Tag: String {
        case nodes, admin, server
    }

    /// The token that a request shows.
    enum Token: String {
        case node = "nodeToken"
        case admin = "adminToken"
    }

    /// The answer when all goes well.
    struct Answer {
        let status: Int
        let description: String
        /// Media type and schema of the body, in YAML's flow style.
        let content: (media: String, schema: String)?

        static func nothing(_ description: String) -> Answer { Answer(status: 204, description: description, content: nil) }

        static func json(_ description: String, _ schema: String, status: Int = 200) -> Answer {
            other(description, "application/json", schema, status: status)
        }

        static func other(_ description: String, _ media: String, _ schema: String, status: Int = 200) -> Answer {
            Answer(status: status, description: description, content: (media, schema))
        }
    }

    /// What else may be answered, by the names of the components.
    enum Refusal: Int {
        case badRequest = 400
        case unauthorized = 401
        case forbidden = 403
        case notFound = 404
        case conflict = 409
        case bodyTooLarge = 413
        case unsupportedMediaType = 415
        case unprocessable = 422
        case tooManyRequests = 429
        case unavailable = 503

        var component: String {
            switch self {
            case .badRequest: "BadRequest"
            case .unauthorized: "Unauthorized"
            case .forbidden: "Forbidden"
            case .notFound: "NotFound"
            case .conflict: "Conflict"
            case .bodyTooLarge: "BodyTooLarge"
            case .unsupportedMediaType: "UnsupportedMediaType"
            case .unprocessable: "Unprocessable"
            case .tooManyRequests: "TooManyRequests"
            case .unavailable: "Unavailable"
            }
        }
    }

    let method: String
    let path: String
    let id: String
    let tag: Tag
    let summary: String
    var description: String?
    var token: Token?
    /// Parameters in YAML's flow style.
    var parameters: [String] = []
    /// The schema of a JSON body.
    var body: String?
    let answer: Answer
    /// Beside those that a token, a body and the rates bring along.
    var refusals: [Refusal] = []

    /// A reference to a schema.
    static func schema(_ name: String) -> String { "{ $ref: '#/components/schemas/\(name)' }" }

    /// A reference to a parameter.
    static func parameter(_ name: String) -> String { "{ $ref: '#/components/parameters/\(name)' }" }

    /// An object with one member that it always has.
    static func object(_ member: String, _ schema: String) -> String {
        "{ type: object, required: [\(member)], properties: { \(member): \(schema) } }"
    }

    /// An object with one member, a list.
    static func list(_ member: String, of name: String) -> String { object(member, "{ type: array, items: \(schema(name)) }") }

    // MARK: - YAML

    /// The paths of the operations, each path once.
    static func yaml(of operations: [Operation]) -> String {
        var paths: [(path: String, text: String)] = []
        for operation in operations {
            if paths.last?.path != operation.path { paths.append((operation.path, "  \(operation.path):\n")) }
            paths[paths.count - 1].text += operation.yaml
        }
        return paths.map(\.text).joined()
    }

    private var yaml: String {
        var lines = ["    \(method):", "      operationId: \(id)", "      tags: [\(tag.rawValue)]"]
        lines.append("      summary: \(JSONText.quote(summary))")
        if let description { lines.append("      description: \(JSONText.quote(description))") }
        if let token { lines.append("      security: [{ \(token.rawValue): [] }]") }
        if !parameters.isEmpty { lines += ["      parameters:"] + parameters.map { "        - \($0)" } }
        if let body {
            lines.append("      requestBody: { required: true, content: { application/json: { schema: \(body) } } }")
        }
        lines.append("      responses:")
        lines.append("        '\(answer.status)':")
        lines.append("          description: \(JSONText.quote(answer.description))")
        if let content = answer.content {
            lines.append("          content: { \(content.media): { schema: \(content.schema) } }")
        }
        for refusal in refusals.sorted(by: { $0.rawValue < $1.rawValue }) {
            lines.append("        '\(refusal.rawValue)': { $ref: '#/components/responses/\(refusal.component)' }")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension [Operation.Refusal] {
    /// What every request for JSON with a body may get.
    static var body: Self { [.badRequest, .bodyTooLarge, .unsupportedMediaType] }
    /// What every request may get that changes something.
    static var change: Self { [.tooManyRequests, .unavailable] }
    /// What a request with a node's token may get.
    static var node: Self { [.unauthorized, .forbidden, .notFound] + change }
    /// What a question of an operator may get.
    static var question: Self { [.unauthorized, .tooManyRequests] }
}

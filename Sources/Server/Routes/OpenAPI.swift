/// The API's description, OpenAPI 3.1, served at `/v1/openapi.yaml`.
enum OpenAPI {
    static let document = ""
}

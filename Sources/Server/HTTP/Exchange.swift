internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Wire

/// One request with what the server knows about it.
struct Exchange: Sendable {
    let request: Request
    /// The values of the template's `{…}` parts, in order, percent-decoded.
    var parameters: [String] = []
    /// The client's address: the connection's, or what a trusted proxy says; nil over the Unix socket.
    let source: IPAddress?
    let logger: Logger
    /// Ends the connection, whatever it is doing.
    let close: @Sendable () -> Void

    /// A parameter of the query, percent-decoded.
    func query(_ name: String) -> String? {
        request.uri.queryParameters[name[...]].map(String.init)
    }

    /// The bearer token, if one was sent (RFC 6750 §2.1).
    var bearerToken: String? {
        guard let value = request.headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1].trimmingCharacters(in: .whitespaces)
    }
}

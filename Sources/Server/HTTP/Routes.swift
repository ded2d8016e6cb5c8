internal import Coordination
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// What is served where: method and path template to handler.
///
/// Unlike a router that only knows a path or not, it tells an unknown address (404) from a wrong method (405 with `Allow`).
struct Routes: Sendable {
    typealias Handler = @Sendable (Exchange) async throws -> Response

    private struct Resource: Sendable {
        let segments: [String]
        var handlers: [(method: HTTPRequest.Method, handler: Handler)] = []
    }

    private var resources: [Resource] = []

    /// Serves `template`, such as `/v1/admin/nodes/{id}`, with `handler`. `HEAD` follows `GET` by itself.
    mutating func on(_ method: HTTPRequest.Method, _ template: String, _ handler: @escaping Handler) {
        let segments = Self.segments(of: template)
        let index =
            resources.firstIndex { $0.segments == segments }
            ?? {
                resources.append(Resource(segments: segments))
                return resources.count - 1
            }()
        resources[index].handlers.append((method, handler))
    }

    /// Finds the handler and runs it. What it throws becomes a problem document.
    func respond(to exchange: Exchange) async -> Response {
        do {
            let (handler, parameters, isHead) = try resolve(exchange.request)
            var exchange = exchange
            exchange.parameters = parameters
            let response = try await handler(exchange)
            return isHead ? response.createHeadResponse() : response
        } catch let problem as Problem {
            let response = problem.response
            return exchange.request.method == .head ? response.createHeadResponse() : response
        } catch let refusal as MethodNotAllowed {
            let response = refusal.response
            return exchange.request.method == .head ? response.createHeadResponse() : response
        } catch is BodyNeverEnds {
            var response = Problem(.bodyTooLarge).response
            response.headers[.connection] = "close"
            return response
        } catch {
            exchange.logger.error("request failed", metadata: ["path": "\(exchange.request.uri.path)", "error": "\(error)"])
            return Problem(.internalError, detail: "The server's log says why.").response
        }
    }

    private func resolve(_ request: Request) throws -> (Handler, parameters: [String], isHead: Bool) {
        let segments = Self.segments(of: request.uri.path)
        // A literal template wins over one with a parameter at the same place.
        let matches = resources.compactMap { resource in
            Self.match(segments, resource.segments).map { (resource: resource, parameters: $0) }
        }
        guard let (resource, parameters) = matches.min(by: { $0.parameters.count < $1.parameters.count }) else {
            throw Problem(.notFound)
        }
        if let own = resource.handlers.first(where: { $0.method == request.method }) { return (own.handler, parameters, false) }
        if request.method == .head, let get = resource.handlers.first(where: { $0.method == .get }) {
            return (get.handler, parameters, true)
        }
        let methods = resource.handlers.map(\.method)
        let allowed = methods + (methods.contains(.get) && !methods.contains(.head) ? [.head] : [])
        throw MethodNotAllowed(allowed: allowed)
    }

    private static func segments(of path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }

    private static func match(_ path: [String], _ template: [String]) -> [String]? {
        guard path.count == template.count else { return nil }
        var parameters: [String] = []
        for (part, pattern) in zip(path, template) {
            if pattern.hasPrefix("{") {
                guard !part.isEmpty, let decoded = part.removingPercentEncoding else { return nil }
                parameters.append(decoded)
            } else if part != pattern {
                return nil
            }
        }
        return parameters
    }
}

internal import Coordination
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// A method that a resource does not take, with those that it does.
struct MethodNotAllowed: Error {
    let allowed: [HTTPRequest.Method]
}

extension Problem {
    /// The answer that carries the problem (RFC 9457), with the header fields that its kind asks for.
    var response: Response {
        var headers: HTTPFields = [.contentType: Self.mediaType, .cacheControl: "no-store"]
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        // Five plain members always encode.
        let body = (try? JSONForm.encoder.encode(self)) ?? Data()
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension MethodNotAllowed {
    var response: Response {
        var response = Problem(.methodNotAllowed).response
        response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        return response
    }
}

internal import Wire

/// Names one HTTP exchange, so that a late answer to an old question is recognised.
package struct RequestID: Hashable, Sendable {
    let attempt: UInt32
    let call: Int
}

/// An HTTP exchange that the shell makes with the gateway: one connection, one request, no redirect followed, no proxy.
package struct HTTPRequest: Hashable, Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package let id: RequestID
    package let target: HTTPTarget
    package let method: Method
    /// All header fields, `Host` and `Content-Length` included.
    package let fields: [Field]
    package let body: [UInt8]
    /// An answer whose body is longer is given up.
    package let byteLimit: Int
    /// From the start of connecting to the last byte.
    package let timeout: Duration

    /// What a description may be long: real ones have 2 to 30 KB.
    package static let descriptionByteLimit = 128 << 10
    /// What an answer to an action may be long: real ones have below 1 KB.
    package static let answerByteLimit = 16 << 10
    /// A gateway on the same network answers within milliseconds; slow ones need some hundred to add a rule.
    package static let timeLimit: Duration = .seconds(1)

    /// The request for a device's description.
    static func description(at target: HTTPTarget, id: RequestID) -> HTTPRequest {
        HTTPRequest(
            id: id, target: target, method: .get,
            fields: [Field(name: "Host", value: "\(target.server)"), Field(name: "Connection", value: "close")],
            body: [], byteLimit: descriptionByteLimit, timeout: timeLimit)
    }

    /// The request for an action of a service.
    static func action(_ call: SOAPCall, of service: IGDService, id: RequestID) -> HTTPRequest {
        let body = Array(call.envelope(for: service.kind).utf8)
        return HTTPRequest(
            id: id, target: service.control, method: .post,
            fields: [
                Field(name: "Host", value: "\(service.control.server)"),
                Field(name: "Content-Type", value: "text/xml; charset=\"utf-8\""),
                Field(name: "SOAPAction", value: "\"\(service.kind.serviceType)#\(call.action)\""),
                Field(name: "Content-Length", value: "\(body.count)"),
                Field(name: "Connection", value: "close"),
            ],
            body: body, byteLimit: answerByteLimit, timeout: timeLimit)
    }

    /// The whole request as it goes over the wire.
    package var encoded: [UInt8] {
        let head =
            "\(method.rawValue) \(target.path) HTTP/1.1\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n"
        return Array(head.utf8) + body
    }
}

/// How an exchange ended.
package enum HTTPAnswer: Hashable, Sendable {
    /// With a status, and the body if it was acceptable XML.
    case answered(status: Int, XMLTree?)
    /// Without one: not connected, timed out, too long, or no HTTP.
    case failed
}

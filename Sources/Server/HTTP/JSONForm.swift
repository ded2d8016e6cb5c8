internal import Coordination
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// JSON bodies: what is taken, and how answers are written.
enum JSONForm {
    /// The largest body of a request.
    static let maximumBodyByteCount = 64 << 10
    /// The deepest nesting of a body: ours has three levels, a parser's stack must not be a peer's to spend.
    static let maximumDepth = 16
    /// Bytes of an over-long body that are read and thrown away, so that the client gets to see the answer.
    private static let maximumDrainedByteCount = 4 << 20

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// Reads and decodes a body, or throws the `Problem` that says what is wrong with it.
    ///
    /// - Parameter anyMediaType: takes the body whatever `Content-Type` says, for clients that send none.
    static func read<Message: Decodable>(
        _ type: Message.Type, from request: Request, anyMediaType: Bool = false
    ) async throws -> Message {
        try await readWithBytes(type, from: request, anyMediaType: anyMediaType).message
    }

    /// Reads and decodes a body and keeps its bytes, which a proof of possession covers.
    static func readWithBytes<Message: Decodable>(
        _ type: Message.Type, from request: Request, anyMediaType: Bool = false
    ) async throws -> (message: Message, bytes: [UInt8]) {
        let media = request.headers[.contentType]?.split(separator: ";").first?.trimmingCharacters(in: .whitespaces)
        guard anyMediaType || media?.lowercased() == "application/json" else { throw Problem(.unsupportedMediaType) }
        let body = try await collect(request)
        guard depth(of: body) <= maximumDepth else {
            throw Problem(.invalidRequest, detail: "nested deeper than \(maximumDepth) levels")
        }
        do {
            return (try JSONDecoder().decode(type, from: Data(body)), body)
        } catch let error as DecodingError {
            throw Problem(.invalidRequest, detail: explain(error))
        } catch {
            throw Problem(.invalidRequest, detail: "not JSON")
        }
    }

    static func response(_ message: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(text: ByteBuffer(bytes: try encoder.encode(message)), status: status)
    }

    /// An answer of JSON that is text already.
    static func response(text: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: text))
    }

    private static func collect(_ request: Request) async throws -> [UInt8] {
        var body: [UInt8] = []
        var drained = 0
        for try await part in request.body {
            if body.count + part.readableBytes <= maximumBodyByteCount, drained == 0 {
                body.append(contentsOf: part.readableBytesView)
            } else {
                drained += part.readableBytes
                guard drained <= maximumDrainedByteCount else { throw BodyNeverEnds() }
            }
        }
        guard drained == 0 else { throw Problem(.bodyTooLarge) }
        return body
    }

    /// The deepest nesting of arrays and objects, counted without a parser.
    private static func depth(of body: [UInt8]) -> Int {
        var (depth, deepest, isString, isEscaped) = (0, 0, false, false)
        for byte in body {
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
    }

    private static func explain(_ error: DecodingError) -> String {
        let (context, what): (DecodingError.Context, String) =
            switch error {
            case .keyNotFound(let key, let context): (context, "\(key.stringValue) is missing")
            case .typeMismatch(_, let context): (context, "has the wrong type")
            case .valueNotFound(_, let context): (context, "is null")
            case .dataCorrupted(let context): (context, context.debugDescription)
            @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "cannot be read")
            }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? what : "\(path): \(what)"
    }
}

/// A body that went on far beyond its limit: the connection is closed.
struct BodyNeverEnds: Error {}

internal import Coordination
internal import Foundation

/// Speaks to the running server over the Unix socket in its data directory.
struct AdminConnection: Sendable {
    private let directory: DataDirectory
    private let client: HTTPClient

    /// The largest answer: a list of all nodes that a server may have.
    private static let maximumAnswerByteCount = 256 << 20

    init(data: String) {
        directory = DataDirectory(path: data)
        client = HTTPClient(target: .unixSocket(path: directory.adminSocket))
    }

    func get<Answer: Decodable>(_ type: Answer.Type, _ path: String) async throws(StartError) -> Answer {
        try decode(type, await send("GET", path))
    }

    func post<Answer: Decodable>(_ type: Answer.Type, _ path: String, _ message: some Encodable) async throws(StartError)
        -> Answer
    {
        try decode(type, await send("POST", path, message))
    }

    func patch<Answer: Decodable>(_ type: Answer.Type, _ path: String, _ message: some Encodable) async throws(StartError)
        -> Answer
    {
        try decode(type, await send("PATCH", path, message))
    }

    func delete(_ path: String) async throws(StartError) {
        _ = try await send("DELETE", path)
    }

    /// The answer's body as it is, for `--json`.
    func text(_ path: String) async throws(StartError) -> String {
        String(decoding: try await send("GET", path), as: UTF8.self)
    }

    private func send(_ method: String, _ path: String, _ message: (any Encodable)? = nil) async throws(StartError) -> [UInt8] {
        let answer: HTTPClient.Answer
        do {
            let body = try message.map { Array(try JSONForm.encoder.encode($0)) }
            answer = try await client.send(
                method, path, headers: body == nil ? [] : [("Content-Type", "application/json")], body: body ?? [],
                timeout: .seconds(30), maximumByteCount: Self.maximumAnswerByteCount)
        } catch HTTPClientError.connectFailed {
            throw StartError(
                .notRunning, "no causeway-server answers on \(directory.adminSocket); is it running, and is --data its directory?"
            )
        } catch {
            throw StartError(.failure, "the server did not answer: \(error); see its log")
        }
        guard (200..<300).contains(answer.status) else {
            // An answer that is no problem document still has its status.
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
            let text = problem.map { $0.title + ($0.detail.map { ": \($0)" } ?? "") } ?? "status \(answer.status)"
            throw StartError(.refused, "the server refused: \(text)")
        }
        return answer.body
    }

    private func decode<Answer: Decodable>(_ type: Answer.Type, _ body: [UInt8]) throws(StartError) -> Answer {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw StartError(.failure, "the server's answer is not understood; are server and command of the same version?")
        }
    }
}

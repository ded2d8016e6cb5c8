internal import Coordination
internal import Foundation
internal import Logging
internal import Relay
internal import TLS
internal import Wire

/// Asks another server whether a key may use the relay, as derper does. No answer, or any other than a clear yes, means no.
struct AdmissionQuestion: Sendable {
    private static let timeout = Duration.seconds(5)
    private static let maximumAnswerByteCount = 4 << 10

    private let client: HTTPClient
    private let path: String
    private let outage: Outage

    init(url: String, logger: Logger) throws(StartError) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty, let scheme = parts.scheme else {
            throw StartError(
                .configuration, "admission.url '\(url)' is no address; give one such as https://control.example.org/verify")
        }
        let isTLS = scheme == "https"
        let context: TLSContext?
        do {
            context = isTLS ? try TLSContext() : nil
        } catch {
            throw StartError(.failure, "TLS cannot be set up: \(error)")
        }
        // Brackets mark an IPv6 literal in a URL only.
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        client = HTTPClient(target: .tcp(host: bare, port: parts.port ?? (isTLS ? 443 : 80), tls: isTLS), tls: context)
        path =
            (parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath)
            + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
        outage = Outage(logger: logger)
    }

    func ask(_ request: AdmissionRequest) async -> Bool {
        do {
            let question = VerifyRequest(nodePublic: request.key, source: request.source.description)
            let answer = try await client.send(
                "POST", path, headers: [("Content-Type", "application/json")], body: Array(try JSONForm.encoder.encode(question)),
                timeout: Self.timeout, maximumByteCount: Self.maximumAnswerByteCount)
            guard answer.status == 200 else { return noAnswer("status \(answer.status)") }
            let isAllowed = try JSONDecoder().decode(VerifyResponse.self, from: Data(answer.body)).allow
            outage.answerCame()
            return isAllowed
        } catch {
            return noAnswer("\(error)")
        }
    }

    private func noAnswer(_ reason: String) -> Bool {
        outage.noAnswer(reason)
        return false
    }
}

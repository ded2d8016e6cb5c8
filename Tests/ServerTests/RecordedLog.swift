import Logging
import NIOConcurrencyHelpers

/// What a part under test logs, as `level: message [key: value]`.
final class RecordedLog: Sendable {
    private let box = NIOLockedValueBox<[String]>([])

    var lines: [String] { box.withLockedValue { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(record: { line in self.box.withLockedValue { $0.append(line) } }) }
    }

    private struct Handler: LogHandler {
        let record: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            record("\(event.level): \(event.message)" + (pairs.isEmpty ? "" : " [\(pairs.joined(separator: ", "))]"))
        }
    }
}

internal import Coordination
internal import Foundation
package import Logging

/// Writes one line per record to standard error, as text for people or as JSON for collectors.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let format: Settings.Log.Format
    private let sink: @Sendable (String) -> Void

    /// - Parameter sink: takes each finished line, without its line feed; standard error by default.
    package init(
        label: String, format: Settings.Log.Format, level: Logger.Level,
        sink: @escaping @Sendable (String) -> Void = LineLogHandler.writeToStandardError
    ) {
        self.label = label
        self.format = format
        self.logLevel = level
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        let time = Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000)).description
        switch format {
        case .text: sink(text(time, event, merged))
        case .json: sink(json(time, event, merged))
        }
    }

    private func text(_ time: String, _ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let values = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(time) \(event.level) \(event.message)\(values)"
        // A peer's text must not be able to forge a line of its own.
        return String(line.map { $0.isNewline ? " " : $0 })
    }

    private func json(_ time: String, _ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var members: [(String, String)] = [
            ("time", JSONText.quote(time)), ("level", JSONText.quote("\(event.level)")), ("logger", JSONText.quote(label)),
            ("message", JSONText.quote("\(event.message)")),
        ]
        let reserved = Set(members.map(\.0))
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            members.append((reserved.contains(key) ? key + "_" : key, JSONText.quote("\(value)")))
        }
        return "{" + members.map { "\(JSONText.quote($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    /// Writes a line in one call, so that lines of several threads do not mix.
    package static let writeToStandardError: @Sendable (String) -> Void = { line in
        // A log that cannot be written has nowhere to be reported.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }
}

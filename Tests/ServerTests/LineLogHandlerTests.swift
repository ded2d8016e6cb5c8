import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Server

struct LineLogHandlerTests {
    private func lines(_ format: Settings.Log.Format, level: Logger.Level = .info, _ log: (Logger) -> Void) -> [String] {
        let written = NIOLockedValueBox<[String]>([])
        let handler = LineLogHandler(label: "test", format: format, level: level) { line in
            written.withLockedValue { $0.append(line) }
        }
        log(Logger(label: "test", factory: { _ in handler }))
        return written.withLockedValue { $0 }
    }

    @Test func aJSONLineHasMessageLevelTimeAndMetadata() throws {
        let lines = lines(.json) { $0.warning("a \"quoted\"\nmessage", metadata: ["key": "va\\lue", "level": "mine"]) }
        #expect(lines.count == 1)
        let object = try JSONSerialization.jsonObject(with: Data(try #require(lines.first).utf8)) as? [String: String]
        #expect(object?["message"] == "a \"quoted\"\nmessage")
        #expect(object?["level"] == "warning")
        #expect(object?["key"] == "va\\lue")
        #expect(object?["level_"] == "mine")
        #expect(object?["time"]?.hasSuffix("Z") ?? false)
    }

    @Test func aTextLineCannotBeForged() {
        let lines = lines(.text) { $0.info("one", metadata: ["key": "x\n2026-01-01 error forged"]) }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("\n") == false)
    }

    @Test func whatIsBelowTheLevelIsNotWritten() {
        #expect(lines(.text, level: .error) { $0.warning("no") }.isEmpty)
    }
}

import Logging
import Synchronization
import Testing
import Wire

@testable import Server

struct BootstrapNamesTests {
    /// A resolver whose answers change.
    private final class Directory: Sendable {
        private let entries = Mutex<[String: [IPAddress]]>([:])

        func set(_ name: String, _ addresses: [String]) { entries.withLock { $0[name] = addresses.compactMap { IPAddress($0) } } }

        func look(_ name: String) -> [IPAddress] { entries.withLock { $0[name] ?? [] } }
    }

    private let directory = Directory()
    private let names: BootstrapNames

    init() {
        names = BootstrapNames(names: ["Control.example", "derp.example"], logger: TestServer.quiet) { [directory] in
            directory.look($0)
        }
    }

    @Test func allNamesOrTheOneAskedForAreAnswered() async {
        directory.set("Control.example", ["198.51.100.1", "2001:db8::1"])
        directory.set("derp.example", ["198.51.100.2"])
        #expect(names.answer(for: nil) == [:])
        #expect(await names.refresh())
        let all = ["control.example": ["198.51.100.1", "2001:db8::1"], "derp.example": ["198.51.100.2"]]
        #expect(names.answer(for: nil) == all)
        #expect(names.answer(for: "CONTROL.example") == ["control.example": ["198.51.100.1", "2001:db8::1"]])
        #expect(names.answer(for: "other.example") == all)
    }

    @Test func aNameWithoutAnAnswerKeepsItsLastAddresses() async {
        directory.set("Control.example", ["198.51.100.1"])
        #expect(await !names.refresh())
        directory.set("Control.example", [])
        directory.set("derp.example", ["198.51.100.2"])
        #expect(await !names.refresh())
        #expect(names.answer(for: nil) == ["control.example": ["198.51.100.1"], "derp.example": ["198.51.100.2"]])
    }
}

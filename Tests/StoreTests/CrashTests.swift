internal import Coordination
internal import CryptoBox
internal import Foundation
internal import Store
internal import Testing
internal import Wire

@Suite struct CrashTests {
    /// A child process stores nodes from eight tasks, notes each that was acknowledged, and is killed in the middle of it.
    @Test func everyAcknowledgedNodeSurvivesAKill() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.database
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try SQLiteStore(path: path)
            try await store.append([.putNetwork(.initial)], urgency: .now).wait()
            let acknowledged = open(path + ".acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 as Range<Int64> {
                    group.addTask {
                        var random = SeededGenerator(UInt64(worker))
                        for round in 1...1000 as ClosedRange<Int64> {
                            let id = round * 8 + worker
                            let node = try NodeRecord.random(id, using: &random)
                            try await store.append([.putNode(node)], urgency: .now).wait()
                            let line = Array("\(id)\n".utf8)
                            _ = write(acknowledged, line, line.count)
                            if worker == 0, round == 50 { kill(getpid(), SIGKILL) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let acknowledged = try String(contentsOfFile: path + ".acknowledged", encoding: .utf8).split(separator: "\n")
            .compactMap { Int64($0) }
        let store = try SQLiteStore(path: path)
        let stored = Set(try await store.load().nodes.map(\.record.id.rawValue))
        #expect(acknowledged.count >= 50)
        #expect(acknowledged.allSatisfy(stored.contains))
        try await store.close()
    }
}
